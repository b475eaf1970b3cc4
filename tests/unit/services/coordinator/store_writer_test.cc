// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_writer.h"

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/store_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;

constexpr absl::Duration kPatience = absl::Seconds(30);

StoreWriter::Change Put(int64_t value) {
  return [value](Database& database) {
    return database.Execute(absl::StrCat("INSERT INTO t VALUES(", value, ")"));
  };
}

class StoreWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    database_ = *Database::Open(folder_.path() + "/a.db");
    ASSERT_THAT(database_->Execute("CREATE TABLE t(x INTEGER UNIQUE)"), IsOk());
    writer_ = std::make_unique<StoreWriter>(*database_);
  }
  void TearDown() override { writer_.reset(); }

  absl::Status Wait(StoreWriter::Change change, OnFull on_full = OnFull::kRefuse) {
    absl::Notification finished;
    absl::Status result;
    writer_->Apply(
        std::move(change),
        [&](absl::Status status) {
          result = std::move(status);
          finished.Notify();
        },
        on_full);
    EXPECT_TRUE(finished.WaitForNotificationWithTimeout(kPatience));
    return result;
  }

  // What another process would find in the file, in the order of insertion.
  std::vector<int64_t> Stored() {
    auto reader = Database::Open(folder_.path() + "/a.db");
    EXPECT_THAT(reader, IsOk());
    auto select = (*reader)->Prepare("SELECT x FROM t ORDER BY rowid");
    std::vector<int64_t> values;
    while (select->Step().value_or(false)) values.push_back(select->Int(0));
    return values;
  }

  // Keeps the writer busy, so that what is applied meanwhile shares one batch.
  class Busy {
   public:
    explicit Busy(StoreWriter& writer) {
      writer.Apply(
          [this](Database&) {
            entered_.Notify();
            release_.WaitForNotification();
            return absl::OkStatus();
          },
          [](absl::Status) {}, OnFull::kRefuse);
      entered_.WaitForNotification();
    }
    void Release() { release_.Notify(); }

   private:
    absl::Notification entered_;
    absl::Notification release_;
  };

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<StoreWriter> writer_;
};

TEST_F(StoreWriterTest, WhatIsAcknowledgedIsInTheFile) {
  for (int64_t value = 0; value < 20; ++value) {
    ASSERT_THAT(Wait(Put(value)), IsOk());
    ASSERT_EQ(Stored().size(), static_cast<size_t>(value) + 1);
  }
}

TEST_F(StoreWriterTest, ChangesThatArriveTogetherShareOneTransaction) {
  constexpr int kChanges = 100;
  Busy busy(*writer_);
  absl::BlockingCounter finished(kChanges);
  std::atomic<int> visible_at_first_done{-1};
  for (int64_t value = 0; value < kChanges; ++value) {
    writer_->Apply(
        Put(value),
        [&](absl::Status status) {
          EXPECT_THAT(status, IsOk());
          int none = -1;
          visible_at_first_done.compare_exchange_strong(none, static_cast<int>(Stored().size()));
          finished.DecrementCount();
        },
        OnFull::kRefuse);
  }
  busy.Release();
  finished.Wait();
  EXPECT_EQ(visible_at_first_done, kChanges) << "all were committed before the first was answered";
}

TEST_F(StoreWriterTest, ABadChangeOfABatchFailsAloneAndTheOrderStays) {
  Busy busy(*writer_);
  absl::BlockingCounter finished(5);
  std::vector<absl::StatusCode> codes(5);
  const int64_t values[5] = {3, 1, 3, 2, 5};  // the second 3 breaks the constraint
  for (int i = 0; i < 5; ++i) {
    writer_->Apply(
        Put(values[i]),
        [&codes, &finished, i](absl::Status status) {
          codes[i] = status.code();
          finished.DecrementCount();
        },
        i % 2 == 0 ? OnFull::kRefuse : OnFull::kRetry);
  }
  busy.Release();
  finished.Wait();
  using absl::StatusCode;
  EXPECT_THAT(codes, ElementsAre(StatusCode::kOk, StatusCode::kOk, StatusCode::kAlreadyExists,
                                 StatusCode::kOk, StatusCode::kOk));
  EXPECT_THAT(Stored(), ElementsAre(3, 1, 2, 5));
  EXPECT_THAT(writer_->Health(), IsOk()) << "a bad change is no fault of the disk";
}

TEST_F(StoreWriterTest, ManyCallersAreAllAnswered) {
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  std::vector<std::thread> threads;
  std::atomic<int> ok{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        if (Wait(Put(t * kEach + i), i % 2 == 0 ? OnFull::kRefuse : OnFull::kRetry).ok()) ++ok;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ok, kThreads * kEach);
  EXPECT_EQ(Stored().size(), static_cast<size_t>(kThreads * kEach));
}

// The page limit stands for the size of the disk.
TEST_F(StoreWriterTest, FullRefusesSubmissionsAndKeepsTheRestInOrder) {
  std::atomic<bool> full{true};
  const auto large = [&full](int64_t value) -> StoreWriter::Change {
    return [&full, value](Database& database) {
      const absl::Status limit =
          database.Execute(full ? "PRAGMA max_page_count=1" : "PRAGMA max_page_count=1000000");
      if (!limit.ok()) return limit;
      const absl::Status filled = database.Execute(
          "CREATE TABLE IF NOT EXISTS filler(b); "
          "INSERT INTO filler VALUES(zeroblob(100000))");
      return filled.ok() ? Put(value)(database) : filled;
    };
  };
  absl::BlockingCounter kept(3);
  for (int64_t value = 1; value <= 3; ++value) {
    writer_->Apply(
        large(value),
        [&kept](absl::Status status) {
          EXPECT_THAT(status, IsOk());
          kept.DecrementCount();
        },
        OnFull::kRetry);
  }
  EXPECT_THAT(Wait(large(9)), Fails(absl::StatusCode::kResourceExhausted, "full"));
  EXPECT_THAT(writer_->Health(), Fails(absl::StatusCode::kResourceExhausted, "full"));
  EXPECT_THAT(Stored(), ElementsAre());
  full = false;
  kept.Wait();
  EXPECT_THAT(Stored(), ElementsAre(1, 2, 3)) << "nothing lost, nothing twice, in their order";
  EXPECT_THAT(writer_->Health(), IsOk());
  EXPECT_THAT(Wait(large(4)), IsOk());
}

// Somebody looks into the file with a tool of his own and holds its lock for a while.
TEST_F(StoreWriterTest, ALockedFileIsWaitedForLikeAFullDisk) {
  ASSERT_THAT(Wait([](Database& d) { return d.Execute("PRAGMA busy_timeout=1"); }), IsOk());
  auto tool = Database::Open(folder_.path() + "/a.db");
  ASSERT_THAT(tool, IsOk());
  ASSERT_THAT((*tool)->Execute("BEGIN IMMEDIATE"), IsOk());
  absl::BlockingCounter kept(2);
  for (int64_t value = 1; value <= 2; ++value) {
    writer_->Apply(
        Put(value),
        [&kept](absl::Status status) {
          EXPECT_THAT(status, IsOk());
          kept.DecrementCount();
        },
        OnFull::kRetry);
  }
  EXPECT_THAT(Wait(Put(9)), Fails(absl::StatusCode::kUnavailable, "locked"));
  EXPECT_THAT(writer_->Health(), Fails(absl::StatusCode::kUnavailable, "locked"));
  ASSERT_THAT((*tool)->Execute("COMMIT"), IsOk());
  kept.Wait();
  EXPECT_THAT(Stored(), ElementsAre(1, 2));
}

TEST_F(StoreWriterTest, StoppingWritesWhatIsQueuedAndRefusesWhatComesLater) {
  constexpr int kChanges = 2000;  // more than one batch
  std::atomic<int> done{0};
  for (int64_t value = 0; value < kChanges; ++value)
    writer_->Apply(
        Put(value), [&done](absl::Status status) { done += status.ok(); }, OnFull::kRetry);
  writer_->Stop();
  EXPECT_EQ(done, kChanges);
  EXPECT_EQ(Stored().size(), static_cast<size_t>(kChanges));
  EXPECT_THAT(Wait(Put(-1)), Fails(absl::StatusCode::kUnavailable, "stopping"));
  writer_->Apply(
      Put(-2), [](absl::Status) { ADD_FAILURE() << "was not acknowledged"; }, OnFull::kRetry);
  writer_->Stop();
  writer_.reset();
  EXPECT_EQ(Stored().size(), static_cast<size_t>(kChanges));
}

TEST_F(StoreWriterTest, StoppingDoesNotWaitForAFullDisk) {
  writer_->Apply([](Database&) { return absl::ResourceExhaustedError("full"); },
                 [](absl::Status) { ADD_FAILURE() << "was not written"; }, OnFull::kRetry);
  EXPECT_THAT(Wait([](Database&) { return absl::ResourceExhaustedError("full"); }),
              Fails(absl::StatusCode::kResourceExhausted, "full"));
  writer_->Stop();
}

}  // namespace
}  // namespace basisbench
