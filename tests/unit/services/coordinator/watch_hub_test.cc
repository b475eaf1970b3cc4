// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/watch_hub.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

// Counts what one watcher was told.
class Told {
 public:
  WatchHub::Wake Wake() {
    return [this](WatchSignal signal) {
      absl::MutexLock lock(&mutex_);
      changes_ += signal == WatchSignal::kChanged;
      stopped_ = stopped_ || signal == WatchSignal::kStopping;
    };
  }
  bool AwaitChanges(int count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return changes_ >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), kPatience);
  }
  bool stopped() {
    absl::MutexLock lock(&mutex_);
    return stopped_;
  }
  int changes() {
    absl::MutexLock lock(&mutex_);
    return changes_;
  }

 private:
  absl::Mutex mutex_;
  int changes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST(WatchHub, WakesThoseWhoWatchTheJobAndNobodyElse) {
  Told first, second, other;
  WatchHub hub;
  const auto a = hub.Watch("j1", first.Wake());
  const auto b = hub.Watch("j1", second.Wake());
  const auto c = hub.Watch("j2", other.Wake());
  hub.Changed("j1");
  EXPECT_TRUE(first.AwaitChanges(1));
  EXPECT_TRUE(second.AwaitChanges(1));
  hub.Changed("j2");
  EXPECT_TRUE(other.AwaitChanges(1));
  EXPECT_EQ(other.changes(), 1);
}

// A change is never lost, however it falls: each one is followed by a wake that begins after it.
TEST(WatchHub, EveryChangeIsFollowedByAWake) {
  WatchHub hub;
  std::atomic<int> written{0};
  absl::Mutex mutex;
  int seen = 0;
  const auto handle = hub.Watch("j1", [&](WatchSignal) {
    absl::MutexLock lock(&mutex);
    seen = written.load();
  });
  for (int i = 1; i <= 2000; ++i) {
    written = i;
    hub.Changed("j1");
    if (i % 100 != 0) continue;
    const auto caught_up = [&seen, i] { return seen >= i; };
    absl::MutexLock lock(&mutex);
    ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&caught_up), kPatience)) << i;
  }
}

TEST(WatchHub, AWatcherThatHasLeftIsNeverCalledAgain) {
  WatchHub hub;
  for (int i = 0; i < 500; ++i) {
    auto alive = std::make_unique<std::atomic<bool>>(true);
    Told witness;
    {
      const auto handle = hub.Watch("j1", [&alive](WatchSignal) { EXPECT_TRUE(alive->load()); });
      hub.Changed("j1");
    }
    *alive = false;
    hub.Changed("j1");
  }
  Told last;
  const auto handle = hub.Watch("j1", last.Wake());
  hub.Changed("j1");
  EXPECT_TRUE(last.AwaitChanges(1));
}

TEST(WatchHub, KeepsTheLatestProgressOnly) {
  WatchHub hub;
  Told told;
  const auto handle = hub.Watch("j1", told.Wake());
  EXPECT_EQ(hub.Progress("j1").version, 0u);
  v1::Progress progress;
  progress.set_samples(1);
  hub.SetProgress("j1", progress);
  EXPECT_TRUE(told.AwaitChanges(1));
  const uint64_t first = hub.Progress("j1").version;
  progress.set_samples(2);
  hub.SetProgress("j1", progress);
  EXPECT_GT(hub.Progress("j1").version, first);
  EXPECT_EQ(hub.Progress("j1").progress.samples(), 2u);
  hub.DropProgress("j1");
  EXPECT_EQ(hub.Progress("j1").version, 0u);
  hub.SetProgress("j1", progress);
  EXPECT_GT(hub.Progress("j1").version, first + 1) << "versions are not used again";
}

TEST(WatchHub, StoppingTellsEveryWatcherAndTakesNoNewOnes) {
  Told told;
  WatchHub hub;
  const auto handle = hub.Watch("j1", told.Wake());
  hub.Stop();
  EXPECT_TRUE(told.stopped());
  hub.Stop();
  EXPECT_THAT(hub.Watch("j1", told.Wake()), Fails(absl::StatusCode::kUnavailable, "stopping"));
  hub.Changed("j1");
}

TEST(WatchHub, TooManyWatchersAreRefusedUntilSomeLeave) {
  WatchHub hub;
  std::vector<WatchHub::Handle> handles;
  absl::Status refused;
  while (refused.ok() && handles.size() < 100'000) {
    auto handle = hub.Watch("j1", [](WatchSignal) {});
    refused = handle.status();
    if (handle.ok()) handles.push_back(*std::move(handle));
  }
  EXPECT_THAT(refused, Fails(absl::StatusCode::kResourceExhausted, "too many watchers"));
  handles.pop_back();
  EXPECT_THAT(hub.Watch("j2", [](WatchSignal) {}), IsOk());
}

}  // namespace
}  // namespace basisbench
