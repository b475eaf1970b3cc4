// SPDX-License-Identifier: Apache-2.0
// Clocks of bodies. The GPU is a thread that works through a queue and has a time of its own.
#include "workers/measure/event_body_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <thread>

#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

constexpr double kHostResolution = 1e-7;
constexpr double kWorkSeconds = 1e-3;  // of the GPU's time, for each execution
constexpr EventBodyClock::Limits kSoon = {absl::Milliseconds(20), absl::Milliseconds(20)};

class QueueingGpu : public GpuStream {
 public:
  QueueingGpu() : thread_([this] { Work(); }) {}
  ~QueueingGpu() override {
    Queue(nullptr);
    thread_.join();
  }

  absl::Status capture_failure;
  absl::Status hold_failure;

  absl::StatusOr<std::unique_ptr<Replay>> Capture(const Body& body) override {
    if (!capture_failure.ok()) return capture_failure;
    capturing_ = true;
    const absl::Status issued = body();
    capturing_ = false;
    if (!issued.ok()) return issued;
    return std::make_unique<Recorded>(*this);
  }
  absl::Status Hold(Gate& gate) override {
    if (!hold_failure.ok()) return hold_failure;
    Queue([&gate] { gate.Wait(); });
    return absl::OkStatus();
  }
  absl::Status MarkBegin() override {
    Queue([this] { begin_ = seconds_, queued_at_begin_ = Queued(); });
    return absl::OkStatus();
  }
  absl::Status MarkEnd() override {
    Queue([this] { end_ = seconds_; });
    return absl::OkStatus();
  }
  absl::StatusOr<double> Elapsed() override { return end_ - begin_; }
  absl::Status Wait() override {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &QueueingGpu::IsIdle));
    return absl::OkStatus();
  }

  // What a body does to the GPU; nothing under capture.
  void Launch() {
    if (!capturing_) Queue([this] { seconds_ += kWorkSeconds, ++executions_; });
  }
  bool capturing() const { return capturing_; }
  int executions() const { return executions_; }
  size_t queued_at_begin() const { return queued_at_begin_; }

 private:
  class Recorded : public Replay {
   public:
    explicit Recorded(QueueingGpu& gpu) : gpu_(gpu) {}
    absl::Status Launch() override {
      gpu_.Launch();
      return absl::OkStatus();
    }

   private:
    QueueingGpu& gpu_;
  };

  void Queue(std::function<void()> work) {
    absl::MutexLock lock(&mutex_);
    queue_.push_back(std::move(work));
  }
  size_t Queued() {
    absl::MutexLock lock(&mutex_);
    return queue_.size() - 1;  // the first is being worked on
  }
  bool IsIdle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return queue_.empty(); }
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !queue_.empty(); }

  void Work() {
    for (;;) {
      std::function<void()> work;
      {
        absl::MutexLock lock(&mutex_);
        mutex_.Await(absl::Condition(this, &QueueingGpu::HasWork));
        work = queue_.front();
      }
      if (work != nullptr) work();
      absl::MutexLock lock(&mutex_);
      queue_.pop_front();
      if (work == nullptr) return;
    }
  }

  absl::Mutex mutex_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool capturing_ = false;
  double seconds_ = 0, begin_ = 0, end_ = 0;  // by the GPU's thread, read when it is idle
  size_t queued_at_begin_ = 0;
  int executions_ = 0;
  std::thread thread_;
};

TEST(EventBodyClock, ReplaysWhatCanBeRecorded) {
  QueueingGpu gpu;
  int calls = 0;
  EventBodyClock clock(
      gpu,
      [&] {
        ++calls;
        gpu.Launch();
        return absl::OkStatus();
      },
      kHostResolution);
  ASSERT_THAT(clock.Prepare(1), IsOk());
  EXPECT_EQ(clock.method(), "GPU events, graph replay");
  EXPECT_FALSE(clock.is_host());
  EXPECT_GT(clock.resolution_seconds(), kHostResolution);
  const int called = calls, executed = gpu.executions();
  const BodyTime time = clock.Time(3);
  ASSERT_THAT(time.status, IsOk());
  EXPECT_NEAR(time.seconds, 3 * kWorkSeconds, 1e-12);
  EXPECT_GT(time.begin_ns, 0);
  EXPECT_EQ(calls, called) << "the body was called in spite of its graph";
  EXPECT_EQ(gpu.executions(), executed + 3);
}

TEST(EventBodyClock, TakesNoTimeBeforeEverythingIsQueued) {
  QueueingGpu gpu;
  EventBodyClock clock(
      gpu,
      [&] {
        gpu.Launch();
        return absl::OkStatus();
      },
      kHostResolution);
  ASSERT_THAT(clock.Prepare(5), IsOk());
  ASSERT_THAT(clock.Time(5).status, IsOk());
  EXPECT_EQ(gpu.queued_at_begin(), 6u);  // five executions and the end
}

TEST(EventBodyClock, QueuesCallsOfWhatCannotBeRecorded) {
  QueueingGpu gpu;
  gpu.capture_failure = absl::UnimplementedError("no graphs here");
  EventBodyClock clock(
      gpu,
      [&] {
        gpu.Launch();
        return absl::OkStatus();
      },
      kHostResolution);
  ASSERT_THAT(clock.Prepare(2), IsOk());
  EXPECT_EQ(clock.method(), "GPU events, queued calls: no graphs here");
  const BodyTime time = clock.Time(2);
  ASSERT_THAT(time.status, IsOk());
  EXPECT_NEAR(time.seconds, 2 * kWorkSeconds, 1e-12);
}

TEST(EventBodyClock, LeavesABodyThatWaitsToTheHostsClock) {
  QueueingGpu gpu;
  EventBodyClock clock(
      gpu,
      [&]() -> absl::Status {
        if (gpu.capturing()) return absl::UnimplementedError("it waits");
        gpu.Launch();
        return gpu.Wait();
      },
      kHostResolution, kSoon);
  ASSERT_THAT(clock.Prepare(1), IsOk());
  EXPECT_TRUE(clock.is_host());
  EXPECT_EQ(clock.resolution_seconds(), kHostResolution);
  EXPECT_THAT(clock.method(), testing::StartsWith("host clock: the body waits for the GPU"));
  EXPECT_THAT(clock.method(), testing::HasSubstr("it waits"));
  // Settled: it is not tried again, and no sample is held up.
  const int executed = gpu.executions();
  ASSERT_THAT(clock.Prepare(4), IsOk());
  EXPECT_EQ(gpu.executions(), executed);
  ASSERT_THAT(clock.Time(4).status, IsOk());
  EXPECT_EQ(gpu.executions(), executed + 4);
}

TEST(EventBodyClock, ASampleWithGapsFails) {
  QueueingGpu gpu;
  bool waits = false;
  gpu.capture_failure = absl::UnimplementedError("no graphs here");
  EventBodyClock clock(
      gpu,
      [&] {
        gpu.Launch();
        return waits ? gpu.Wait() : absl::OkStatus();
      },
      kHostResolution, kSoon);
  ASSERT_THAT(clock.Prepare(1), IsOk());
  ASSERT_THAT(clock.Time(1).status, IsOk());
  waits = true;
  EXPECT_THAT(clock.Time(1).status, Fails(absl::StatusCode::kDeadlineExceeded, "gaps"));
}

TEST(EventBodyClock, HandsOnFailuresAndLetsTheStreamGo) {
  QueueingGpu gpu;
  absl::Status outcome;
  gpu.capture_failure = absl::UnimplementedError("no graphs here");
  EventBodyClock clock(
      gpu,
      [&] {
        gpu.Launch();
        return outcome;
      },
      kHostResolution);
  ASSERT_THAT(clock.Prepare(1), IsOk());
  outcome = absl::InternalError("broken");
  EXPECT_THAT(clock.Time(3).status, Fails(absl::StatusCode::kInternal, "broken"));
  EXPECT_THAT(gpu.Wait(), IsOk());
  gpu.hold_failure = absl::InternalError("no host function");
  EXPECT_THAT(clock.Time(1).status, Fails(absl::StatusCode::kInternal, "no host function"));
  EXPECT_THAT(clock.Repeat(1), Fails(absl::StatusCode::kInternal, "broken"));
}

TEST(EventBodyClock, ABodyThatFailsAtOnceFailsInPreparing) {
  QueueingGpu gpu;
  EventBodyClock clock(
      gpu, [] { return absl::InternalError("broken"); }, kHostResolution);
  EXPECT_THAT(clock.Prepare(1), Fails(absl::StatusCode::kInternal, "broken"));
}

TEST(EventBodyClock, RepeatsUntimed) {
  QueueingGpu gpu;
  EventBodyClock clock(
      gpu,
      [&] {
        gpu.Launch();
        return absl::OkStatus();
      },
      kHostResolution);
  ASSERT_THAT(clock.Prepare(1), IsOk());
  const int executed = gpu.executions();
  ASSERT_THAT(clock.Repeat(1000), IsOk());
  EXPECT_EQ(gpu.executions(), executed + 1000);
}

TEST(EventBodyClock, SeesNothingBetweenTwoMarks) {
  QueueingGpu gpu;
  const auto overhead = EventOverheadSeconds(gpu);
  ASSERT_THAT(overhead, IsOk());
  EXPECT_EQ(*overhead, 0);
}

TEST(HostBodyClock, RunsTheBatchAndWaitsOnce) {
  int runs = 0, waits = 0;
  const auto count = [](int* counter) {
    return [counter] {
      ++*counter;
      return absl::OkStatus();
    };
  };
  HostBodyClock clock(count(&runs), count(&waits), kHostResolution);
  ASSERT_THAT(clock.Prepare(7), IsOk());
  EXPECT_EQ(runs, 0);
  const BodyTime time = clock.Time(7);
  ASSERT_THAT(time.status, IsOk());
  EXPECT_EQ(runs, 7);
  EXPECT_EQ(waits, 1);
  EXPECT_GE(time.seconds, 0);
  EXPECT_TRUE(clock.is_host());
  EXPECT_EQ(clock.method(), "host clock");
  ASSERT_THAT(clock.Repeat(3), IsOk());
  EXPECT_EQ(runs, 10);
  EXPECT_EQ(waits, 2);
}

TEST(HostBodyClock, EndsABatchAtTheFirstFailure) {
  int runs = 0;
  HostBodyClock clock(
      [&] { return ++runs == 2 ? absl::InternalError("second") : absl::OkStatus(); },
      [] { return absl::OkStatus(); }, kHostResolution, "because");
  EXPECT_THAT(clock.Time(5).status, Fails(absl::StatusCode::kInternal, "second"));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(clock.method(), "host clock: because");
}

TEST(Gate, LetsThroughByItselfAndSaysSo) {
  Gate gate;
  gate.Close(absl::Milliseconds(1));
  gate.Wait();
  EXPECT_TRUE(gate.expired());
  gate.Close(absl::InfiniteDuration());
  EXPECT_FALSE(gate.expired());
  gate.Open();
  gate.Wait();
  EXPECT_FALSE(gate.expired());
}

}  // namespace
}  // namespace basisbench
