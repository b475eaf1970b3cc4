// SPDX-License-Identifier: Apache-2.0
// The stream of a CUDA device under a clock, over libraries in host memory.
#include "workers/measure/cuda/cuda_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_cuda.h"
#include "tests/fakes/status_matchers.h"
#include "workers/measure/event_body_clock.h"

namespace basisbench {
namespace {

constexpr double kHostResolution = 1e-7;

class CudaStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    auto device = MakeCudaDevice({.time_gemms = false}, cuda_.api());
    ASSERT_THAT(device, IsOk());
    device_ = *std::move(device);
    auto stream = MakeCudaStream(*AsCuda(*device_));
    ASSERT_THAT(stream, IsOk());
    stream_ = *std::move(stream);
  }
  absl::Status Multiply() {
    GemmArgs args{.m = 2, .n = 2, .k = 2, .beta = 1};
    args.a = args.b = ones_.data(), args.c = sums_.data();
    args.lda = args.ldb = args.ldc = 2;
    return device_->Gemm(args);
  }

  FakeCuda cuda_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<GpuStream> stream_;
  std::vector<float> ones_ = std::vector<float>(4, 1), sums_ = std::vector<float>(4, 0);
};

TEST_F(CudaStreamTest, TimesAGraphBetweenEventsBehindAHostFunction) {
  EventBodyClock clock(
      *stream_, [&] { return Multiply(); }, kHostResolution);
  ASSERT_THAT(clock.Prepare(1), IsOk());
  EXPECT_EQ(clock.method(), "GPU events, graph replay");
  const float before = sums_[0];
  const int launches = cuda_.state.calls["GraphLaunch"];
  const int held = cuda_.state.calls["LaunchHostFunc"];
  cuda_.state.milliseconds = {6};
  const BodyTime time = clock.Time(3);
  ASSERT_THAT(time.status, IsOk());
  EXPECT_NEAR(time.seconds, 6e-3, 1e-9);
  EXPECT_EQ(cuda_.state.calls["GraphLaunch"], launches + 3);
  EXPECT_EQ(cuda_.state.calls["LaunchHostFunc"], held + 1);
  EXPECT_EQ(sums_[0], before + 6) << "three products of ones, added up";
}

TEST_F(CudaStreamTest, BodyThatWaitsIsLeftToTheHost) {
  EventBodyClock clock(*stream_,
                       [&] {
                         const absl::Status issued = Multiply();
                         return issued.ok() ? device_->Synchronize() : issued;
                       },
                       kHostResolution, {absl::Milliseconds(1), absl::Milliseconds(1)});
  ASSERT_THAT(clock.Prepare(1), IsOk());
  EXPECT_TRUE(clock.is_host());
  EXPECT_THAT(clock.method(), testing::HasSubstr("cannot be captured"));
  EXPECT_THAT(clock.Time(2).status, IsOk());
}

TEST_F(CudaStreamTest, FailuresNameTheCall) {
  EventBodyClock clock(
      *stream_, [&] { return Multiply(); }, kHostResolution);
  ASSERT_THAT(clock.Prepare(1), IsOk());
  for (const char* call : {"LaunchHostFunc", "EventRecord", "GraphLaunch", "EventElapsedTime"}) {
    cuda_.state.fail_once[call] = cudaErrorUnknown;
    EXPECT_THAT(clock.Time(1).status, Fails(absl::StatusCode::kInternal, call));
    EXPECT_THAT(clock.Time(1).status, IsOk()) << call;
  }
}

TEST_F(CudaStreamTest, LeavesNoEventOrGraphBehind) {
  ASSERT_THAT(Multiply(), IsOk());  // the device keeps what a product of this shape needs
  const int alive = cuda_.state.LeftAlive();
  {
    auto stream = MakeCudaStream(*AsCuda(*device_));
    ASSERT_THAT(stream, IsOk());
    EventBodyClock clock(
        **stream, [&] { return Multiply(); }, kHostResolution);
    ASSERT_THAT(clock.Prepare(1), IsOk());
    EXPECT_GT(cuda_.state.LeftAlive(), alive);
  }
  EXPECT_EQ(cuda_.state.LeftAlive(), alive);
}

}  // namespace
}  // namespace basisbench
