// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/sqlite.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/store_support.h"

namespace basisbench {
namespace {

class SqliteTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::Open(path());
    ASSERT_THAT(opened, IsOk());
    database_ = *std::move(opened);
    ASSERT_THAT(database_->Execute("CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB NOT NULL)"),
                IsOk());
  }
  std::string path() const { return folder_.path() + "/a.db"; }

  int64_t Value(const char* sql) {
    auto statement = database_->Prepare(sql);
    EXPECT_THAT(statement, IsOk());
    EXPECT_TRUE(statement->Step().value_or(false));
    return statement->Int(0);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(SqliteTest, BytesComeBackAsTheyWent) {
  const std::string all("\0\xff'\"; DROP TABLE t", 18);
  for (const std::string& bytes : {all, std::string(), std::string(3'000'000, 'x')}) {
    {
      auto insert = database_->Prepare("INSERT OR REPLACE INTO t(id, b) VALUES(?, ?)");
      ASSERT_THAT(insert, IsOk());
      ASSERT_THAT(insert->Bind(int64_t{-5}).BindBlob(bytes).Run(), IsOk());
      EXPECT_EQ(database_->Changes(), 1);
    }
    auto select = database_->Prepare("SELECT b, id, NULL FROM t WHERE id = ?");
    ASSERT_THAT(select, IsOk());
    ASSERT_TRUE(select->Bind(int64_t{-5}).Step().value_or(false));
    EXPECT_EQ(select->Text(0), bytes);
    EXPECT_FALSE(select->IsNull(0)) << "an empty blob is not NULL";
    EXPECT_EQ(select->Int(1), -5);
    EXPECT_TRUE(select->IsNull(2));
  }
}

TEST_F(SqliteTest, AStatementIsResetWhenItIsGivenBack) {
  for (int64_t id = 0; id < 3; ++id) {
    auto insert = database_->Prepare("INSERT INTO t(id, b) VALUES(?, 'x')");
    ASSERT_THAT(insert->Bind(id).Run(), IsOk());
  }
  for (int i = 0; i < 2; ++i) {
    auto half_read = database_->Prepare("SELECT id FROM t ORDER BY id");
    ASSERT_TRUE(half_read->Step().value_or(false));
    EXPECT_EQ(half_read->Int(0), 0) << "it begins anew, although it was not read to its end";
  }
  auto unbound = database_->Prepare("INSERT INTO t(id, b) VALUES(?, 'x')");
  ASSERT_THAT(unbound->Run(), IsOk()) << "bindings are forgotten: the identity is chosen anew";
  EXPECT_EQ(Value("SELECT MAX(id) FROM t"), 3);
}

TEST_F(SqliteTest, ErrorsSayWhatWasTriedAndOfWhatKindTheyAre) {
  ASSERT_THAT(database_->Execute("INSERT INTO t VALUES(1, 'x')"), IsOk());
  EXPECT_THAT(database_->Execute("INSERT INTO t VALUES(1, 'x')"),
              Fails(absl::StatusCode::kAlreadyExists, "INSERT INTO t VALUES(1, 'x')"));
  EXPECT_THAT(database_->Execute("nonsense"), Fails(absl::StatusCode::kInternal, "nonsense"));
  EXPECT_THAT(database_->Prepare("SELECT * FROM absent"),
              Fails(absl::StatusCode::kInternal, "no such table: absent"));
  auto statement = database_->Prepare("INSERT INTO t VALUES(?, 'x')");
  ASSERT_THAT(statement, IsOk());
  EXPECT_FALSE(statement->Bind(int64_t{9}).Bind(int64_t{9}).Run().ok()) << "one binding too many";
  EXPECT_THAT(Database::Open(folder_.path() + "/no/such/folder/a.db"),
              Fails(absl::StatusCode::kFailedPrecondition, "/no/such/folder/a.db"));
}

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsDataLoss) {
  const std::string other = folder_.path() + "/text.db";
  {
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(other.c_str(), "w"), std::fclose);
    for (int i = 0; i < 1000; ++i) std::fputs("this is no database\n", file.get());
  }
  EXPECT_THAT(Database::Open(other), Fails(absl::StatusCode::kDataLoss, "not a database"));
}

TEST_F(SqliteTest, AFullDatabaseIsResourceExhausted) {
  ASSERT_THAT(database_->Execute("PRAGMA max_page_count=10"), IsOk());
  EXPECT_THAT(database_->Execute("INSERT INTO t VALUES(1, zeroblob(1000000))"),
              Fails(absl::StatusCode::kResourceExhausted, "full"));
  database_->Rollback();
  EXPECT_THAT(database_->Execute("INSERT INTO t VALUES(1, 'small')"), IsOk());
}

TEST_F(SqliteTest, RollbackEndsATransactionAndIsHarmlessOutsideOne) {
  database_->Rollback();
  ASSERT_THAT(database_->Execute("BEGIN; INSERT INTO t VALUES(1, 'x')"), IsOk());
  database_->Rollback();
  EXPECT_EQ(Value("SELECT COUNT(*) FROM t"), 0);
  ASSERT_THAT(database_->Execute("BEGIN"), IsOk());
  database_->Rollback();
}

TEST_F(SqliteTest, AnotherConnectionSeesWhatIsCommittedAndNothingElse) {
  auto other = Database::Open(path());
  ASSERT_THAT(other, IsOk());
  const auto count = [&other] {
    auto select = (*other)->Prepare("SELECT COUNT(*) FROM t");
    EXPECT_TRUE(select->Step().value_or(false));
    return select->Int(0);
  };
  ASSERT_THAT(database_->Execute("BEGIN IMMEDIATE; INSERT INTO t VALUES(1, 'x')"), IsOk());
  EXPECT_EQ(count(), 0) << "reading does not wait for the writer";
  ASSERT_THAT(database_->Execute("COMMIT"), IsOk());
  EXPECT_EQ(count(), 1);
}

}  // namespace
}  // namespace basisbench
