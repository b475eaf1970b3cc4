// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/event_cursor.h"

#include <atomic>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/store_support.h"

namespace basisbench {
namespace {

class EventCursorTest : public StoreTest {
 protected:
  // Everything that can be read now: sequence numbers, 0 for progress.
  std::vector<uint64_t> ReadAll(EventCursor& cursor) {
    std::vector<uint64_t> read;
    while (true) {
      const auto event = cursor.TryNext();
      if (!event.ok() || !event->has_value()) return read;
      read.push_back((*event)->sequence());
    }
  }
  v1::Progress ProgressOf(uint32_t samples) {
    v1::Progress progress;
    progress.set_samples(samples);
    return progress;
  }

  WatchHub hub_;
};

TEST_F(EventCursorTest, ReadsTheHistoryThenWaitsThenEnds) {
  const NewJob made = NewJobOf("j1", {1});
  ASSERT_THAT(Insert(made), IsOk());
  EventCursor cursor(*store_, hub_, "j1", 0);
  EXPECT_THAT(ReadAll(cursor), testing::ElementsAre(1u));
  ASSERT_THAT(cursor.TryNext(), IsOk());
  ASSERT_THAT(Append(RecordOf(made, 0)), IsOk());
  EXPECT_THAT(ReadAll(cursor), testing::ElementsAre(2u));
  ASSERT_THAT(End("j1", {}), IsOk());
  EXPECT_THAT(ReadAll(cursor), testing::ElementsAre(3u));
  EXPECT_THAT(cursor.TryNext(), Fails(absl::StatusCode::kOutOfRange, "job 'j1' has ended"));
  EventCursor late(*store_, hub_, "j1", 3);
  EXPECT_THAT(late.TryNext(), Fails(absl::StatusCode::kOutOfRange, "j1"));
}

TEST_F(EventCursorTest, AJobThatIsNotThereIsNamed) {
  EventCursor cursor(*store_, hub_, "j1", 0);
  EXPECT_THAT(cursor.TryNext(), Fails(absl::StatusCode::kNotFound, "no job 'j1'"));
}

// Reconnecting at any point, with whatever was read last, misses and repeats nothing.
TEST_F(EventCursorTest, ResumingMissesAndRepeatsNothing) {
  constexpr uint32_t kCases = 300;  // several pages
  const NewJob made = NewJobOf("j1", std::vector<uint32_t>(kCases, 1));
  ASSERT_THAT(Insert(made), IsOk());
  for (uint32_t index = 0; index < kCases; ++index)
    ASSERT_THAT(Append(RecordOf(made, index)), IsOk());
  ASSERT_THAT(End("j1", {}), IsOk());
  std::mt19937 random(5);
  uint64_t last = 0;
  for (bool ended = false; !ended;) {
    EventCursor cursor(*store_, hub_, "j1", last);
    for (uint32_t i = 0, count = random() % 90; i < count && !ended; ++i) {
      const auto event = cursor.TryNext();
      ended = absl::IsOutOfRange(event.status());
      if (ended) break;
      ASSERT_THAT(event, IsOk());
      ASSERT_TRUE(event->has_value());
      ASSERT_EQ((*event)->sequence(), last + 1);
      last = (*event)->sequence();
    }
  }
  EXPECT_EQ(last, kCases + 2u);
}

TEST_F(EventCursorTest, AReaderBesideAWriterSeesEveryEventOnceInOrder) {
  constexpr uint32_t kCases = 400;
  const NewJob made = NewJobOf("j1", std::vector<uint32_t>(kCases, 1));
  ASSERT_THAT(Insert(made), IsOk());
  std::thread writer([&] {
    for (uint32_t index = 0; index < kCases; ++index) {
      EXPECT_THAT(Append(RecordOf(made, index)), IsOk());
      hub_.SetProgress("j1", ProgressOf(index));
    }
    EXPECT_THAT(End("j1", {}), IsOk());
  });
  EventCursor cursor(*store_, hub_, "j1", 0);
  uint64_t last = 0;
  uint32_t last_progress = 0;
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  absl::Status status;
  while (absl::Now() < deadline) {
    const auto event = cursor.TryNext();
    status = event.status();
    if (!event.ok()) break;
    if (!event->has_value()) continue;
    if ((*event)->has_progress()) {
      EXPECT_GE((*event)->progress().samples(), last_progress) << "progress does not go back";
      last_progress = (*event)->progress().samples();
    } else {
      EXPECT_EQ((*event)->sequence(), ++last);
    }
  }
  writer.join();
  EXPECT_THAT(status, Fails(absl::StatusCode::kOutOfRange, "j1"));
  EXPECT_EQ(last, kCases + 2u);
}

TEST_F(EventCursorTest, ProgressIsShownOnceAndNeverReplayed) {
  ASSERT_THAT(Insert(NewJobOf("j1", {1})), IsOk());
  EventCursor cursor(*store_, hub_, "j1", 0);
  EXPECT_THAT(ReadAll(cursor), testing::ElementsAre(1u));
  for (uint32_t samples = 1; samples <= 3; ++samples) hub_.SetProgress("j1", ProgressOf(samples));
  const auto event = cursor.TryNext();
  ASSERT_THAT(event, IsOk());
  ASSERT_TRUE(event->has_value());
  EXPECT_EQ((*event)->progress().samples(), 3u) << "only the latest";
  EXPECT_EQ((*event)->sequence(), 0u);
  EXPECT_TRUE(ReadAll(cursor).empty());
  hub_.SetProgress("j1", ProgressOf(4));
  EXPECT_THAT(ReadAll(cursor), testing::ElementsAre(0u));
  hub_.DropProgress("j1");
  EventCursor fresh(*store_, hub_, "j1", 1);
  EXPECT_TRUE(ReadAll(fresh).empty()) << "what is over is not shown to a newcomer";
}

TEST_F(EventCursorTest, ADeletedJobEndsTheReading) {
  ASSERT_THAT(Insert(NewJobOf("j1", {1})), IsOk());
  EventCursor cursor(*store_, hub_, "j1", 0);
  EXPECT_THAT(ReadAll(cursor), testing::ElementsAre(1u));
  ASSERT_THAT(End("j1", {v1::OUTCOME_CANCELLED, v1::JOB_STATE_CANCELLED, ""}), IsOk());
  ASSERT_THAT(Do([](Database& database) { return DeleteJob(database, "j1"); }), IsOk());
  EXPECT_THAT(cursor.TryNext(), Fails(absl::StatusCode::kNotFound, "no job 'j1'"));
}

}  // namespace
}  // namespace basisbench
