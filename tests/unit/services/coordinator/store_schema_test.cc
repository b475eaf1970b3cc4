// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_schema.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/store_support.h"

namespace basisbench {
namespace {

class StoreSchemaTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/store.db"; }

  std::unique_ptr<Database> Connect() {
    auto opened = Database::Open(path());
    EXPECT_THAT(opened, IsOk());
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  static int64_t Number(Database& database, const char* sql) {
    auto select = database.Prepare(sql);
    EXPECT_THAT(select, IsOk());
    return select->Step().value_or(false) ? select->Int(0) : -1;
  }

  TemporaryFolder folder_;
};

TEST_F(StoreSchemaTest, AnEmptyFileGetsTheTables) {
  const auto database = Connect();
  ASSERT_THAT(MigrateStore(*database), IsOk());
  EXPECT_EQ(Number(*database, "PRAGMA user_version"), StoreSchemaVersion());
  EXPECT_EQ(Number(*database, "SELECT COUNT(*) FROM jobs"), 0);
  ASSERT_THAT(MigrateStore(*database), IsOk()) << "a second time changes nothing";
  EXPECT_EQ(Number(*database, "PRAGMA foreign_keys"), 1);
  EXPECT_EQ(Number(*database, "PRAGMA synchronous"), 2) << "FULL: durable before acknowledged";
}

// A file of each older version opens, keeps its rows and is of the present version afterwards.
TEST_F(StoreSchemaTest, AJobOfTheFirstVersionIsKept) {
  {
    const auto database = Connect();
    ASSERT_THAT(MigrateStore(*database), IsOk());
    ASSERT_THAT(database->Execute(
                    "INSERT INTO jobs VALUES('j1', 'r1', 1, '', 0, '', '1:1', 1, 0, 0, 0, 0, 0, 3, "
                    "'', 0, 7, 0, 0, 0); INSERT INTO cases VALUES('j1', '')"),
                IsOk());
  }
  auto store = Store::Open(path());
  ASSERT_THAT(store, IsOk());
  const auto job = (*store)->GetJob("j1");
  ASSERT_THAT(job, IsOk());
  EXPECT_EQ(job->request_id(), "r1");
  EXPECT_EQ(job->state(), v1::JOB_STATE_QUEUED);
}

TEST_F(StoreSchemaTest, ANewerFileIsRefusedAndLeftAsItIs) {
  {
    const auto database = Connect();
    ASSERT_THAT(MigrateStore(*database), IsOk());
    ASSERT_THAT(
        database->Execute(absl::StrCat("PRAGMA user_version=", StoreSchemaVersion() + 1,
                                       "; CREATE TABLE future(x); INSERT INTO future VALUES(5)")),
        IsOk());
  }
  EXPECT_THAT(Store::Open(path()),
              Fails(absl::StatusCode::kFailedPrecondition,
                    absl::StrCat("store has schema version ", StoreSchemaVersion() + 1,
                                 "; this build knows up to ", StoreSchemaVersion())));
  const auto database = Connect();
  EXPECT_EQ(Number(*database, "SELECT x FROM future"), 5);
  EXPECT_EQ(Number(*database, "PRAGMA user_version"), StoreSchemaVersion() + 1);
}

TEST_F(StoreSchemaTest, AStepThatFailsLeavesTheVersionBeforeIt) {
  const auto database = Connect();
  ASSERT_THAT(database->Execute("CREATE TABLE results(x)"), IsOk());
  EXPECT_THAT(MigrateStore(*database),
              Fails(absl::StatusCode::kInternal, "results already exists"));
  EXPECT_EQ(Number(*database, "PRAGMA user_version"), 0);
  EXPECT_EQ(Number(*database, "SELECT COUNT(*) FROM sqlite_master WHERE name='jobs'"), 0)
      << "the step was rolled back as a whole";
}

TEST_F(StoreSchemaTest, TwoCoordinatorsDoNotShareAFile) {
  auto first = Store::Open(path());
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Store::Open(path()), Fails(absl::StatusCode::kFailedPrecondition, path()));
  first->reset();
  EXPECT_THAT(Store::Open(path()), IsOk());
}

TEST_F(StoreSchemaTest, TheFolderIsMadeOrNamed) {
  EXPECT_THAT(Store::Open(folder_.path() + "/a/b/store.db"), IsOk());
  EXPECT_THAT(Store::Open("/proc/nowhere/store.db"),
              Fails(absl::StatusCode::kFailedPrecondition, "/proc/nowhere"));
}

}  // namespace
}  // namespace basisbench
