// SPDX-License-Identifier: Apache-2.0
// A disk that is really full: a small file system in memory, where this process may mount one.
#include <sys/mount.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/store_support.h"

namespace basisbench {
namespace {

constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

class StoreFullTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::mount("tmpfs", disk_.path().c_str(), "tmpfs", 0, "size=2m") != 0)
      GTEST_SKIP() << "may not mount a file system";
    mounted_ = true;
    auto opened = Store::Open(disk_.path() + "/store.db");
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }
  void TearDown() override {
    store_.reset();
    if (mounted_) ::umount(disk_.path().c_str());
  }

  std::string filler() const { return disk_.path() + "/filler"; }
  void FillDisk() {
    std::ofstream file(filler(), std::ios::binary);
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void FreeDisk() { std::filesystem::remove(filler()); }

  absl::Status Submit(const std::string& id) {
    NewJob made = NewJobOf(id, {1});
    made.job.mutable_spec()->set_name(std::string(100'000, 'n'));
    absl::Notification answered;
    absl::Status result;
    store_->Apply([&made](Database& database) { return InsertJob(database, made).status(); },
                  [&](absl::Status status) {
                    result = std::move(status);
                    health_ = store_->Health();
                    answered.Notify();
                  },
                  OnFull::kRefuse);
    answered.WaitForNotification();
    return result;
  }

  absl::Status health_;  // when the last submission was answered
  TemporaryFolder disk_;
  bool mounted_ = false;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreFullTest, SubmissionsAreRefusedAndNothingAcknowledgedIsLost) {
  ASSERT_THAT(Submit("before"), IsOk());
  FillDisk();
  EXPECT_THAT(Submit("during"), Fails(kExhausted, "store: "));
  EXPECT_THAT(health_, Fails(kExhausted, "store: "));
  EXPECT_THAT(store_->GetJob("before"), IsOk()) << "reading goes on";
  EXPECT_THAT(store_->GetJob("during"), Fails(absl::StatusCode::kNotFound, "during"));
  FreeDisk();
  EXPECT_THAT(Submit("after"), IsOk());
  EXPECT_THAT(store_->Health(), IsOk());
  store_.reset();
  auto again = Store::Open(disk_.path() + "/store.db");
  ASSERT_THAT(again, IsOk());
  for (const char* id : {"before", "after"}) EXPECT_THAT((*again)->GetJob(id), IsOk()) << id;
}

TEST_F(StoreFullTest, ARecordWaitsForSpaceAndIsThenStoredOnce) {
  const NewJob made = NewJobOf("j1", {1});
  ASSERT_THAT(store_->ApplyAndWait([&](Database& d) { return InsertJob(d, made).status(); }),
              IsOk());
  FillDisk();
  ASSERT_THAT(Submit("during"), Fails(kExhausted, "store: "));
  v1::CaseResult record = RecordOf(made, 0);
  record.mutable_timing()->mutable_samples(0)->mutable_seconds()->Resize(20'000, 1.5);
  absl::Mutex mutex;
  absl::Status status = absl::UnknownError("still waiting");
  bool done = false;
  store_->Apply([&](Database& database) { return AppendResult(database, record).status(); },
                [&](absl::Status result) {
                  absl::MutexLock lock(&mutex);
                  status = std::move(result);
                  done = true;
                });
  ASSERT_THAT(Submit("still full"), Fails(kExhausted, "store: "));
  {
    absl::MutexLock lock(&mutex);
    EXPECT_FALSE(done) << "it must not be acknowledged before it is stored";
  }
  FreeDisk();
  absl::MutexLock lock(&mutex);
  ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&done), absl::Seconds(30)));
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(store_->GetJob("j1")->cases_done(), 1u);
}

// Traffic may be kept away from a coordinator that says it is not ready: it must find out by
// itself that there is space again.
TEST_F(StoreFullTest, BecomesHealthyAgainWithoutBeingAskedToWrite) {
  FillDisk();
  ASSERT_THAT(Submit("during"), Fails(kExhausted, "store: "));
  FreeDisk();
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (!store_->Health().ok() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_THAT(store_->Health(), IsOk());
}

TEST_F(StoreFullTest, StaysUnhealthyWhileTheDiskIsFull) {
  FillDisk();
  ASSERT_THAT(Submit("during"), Fails(kExhausted, "store: "));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Submit(absl::StrCat("again", i)), Fails(kExhausted, "store: "));
    EXPECT_THAT(health_, Fails(kExhausted, "store: "));
  }
}

}  // namespace
}  // namespace basisbench
