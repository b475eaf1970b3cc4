// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/graph.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/fakes/fake_cuda.h"
#include "tests/fakes/status_matchers.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cuda/cuda_device.h"

namespace basisbench {
namespace {

class GraphTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = MakeCudaDevice({}, cuda_.api());
    ASSERT_THAT(made, IsOk());
    device_ = *std::move(made);
  }
  // c_ += 1, as a product.
  absl::Status AddOne() {
    GemmArgs args{.m = 1, .n = 1, .k = 1};
    args.a = &one_, args.b = &one_, args.c = &c_;
    args.lda = args.ldb = args.ldc = 1;
    args.beta = 1;
    return device_->Gemm(args);
  }
  int Alive(const char* kind) { return cuda_.state.alive[kind]; }

  FakeCuda cuda_;
  std::unique_ptr<Device> device_;
  float one_ = 1, c_ = 0;
};

TEST_F(GraphTest, RecordsTheBodyAndDoesItAtEveryLaunch) {
  ASSERT_THAT(AddOne(), IsOk());
  {
    const auto body = CaptureBody(*device_, [this] {
      const absl::Status first = AddOne();
      return first.ok() ? AddOne() : first;
    });
    ASSERT_THAT(body, IsOk());
    EXPECT_EQ(c_, 1) << "recorded, not done";
    EXPECT_EQ(cuda_.state.calls["GraphUpload"], 1);
    ASSERT_THAT((*body)->Launch(), IsOk());
    EXPECT_EQ(c_, 3);
    one_ = 2;
    ASSERT_THAT((*body)->Launch(), IsOk());
    EXPECT_EQ(c_, 11) << "operands are read where they lie";
    EXPECT_EQ(Alive("graph"), 0) << "only its executable is needed";
    EXPECT_EQ(Alive("executable"), 1);
  }
  EXPECT_EQ(Alive("executable"), 0);
  ASSERT_THAT(device_->Synchronize(), IsOk());
}

TEST_F(GraphTest, ABodyThatWaitsCannotBeCaptured) {
  const auto wait = [this] { return device_->Synchronize(); };
  EXPECT_THAT(CaptureBody(*device_, wait),
              Fails(absl::StatusCode::kUnimplemented,
                    "cannot be captured: cudaStreamSynchronize returned 900"));
  EXPECT_THAT(wait(), IsOk()) << "the stream is as before";
  // Of a new shape, algorithms are timed.
  EXPECT_THAT(CaptureBody(*device_, [this] { return AddOne(); }),
              Fails(absl::StatusCode::kUnimplemented, "cannot be captured: "));
  ASSERT_THAT(AddOne(), IsOk());
  EXPECT_THAT(CaptureBody(*device_, [this] { return AddOne(); }), IsOk());
  EXPECT_EQ(Alive("graph"), 0);
}

TEST_F(GraphTest, AWaitWhoseFailureTheBodyHidesIsFoundAtTheEnd) {
  EXPECT_THAT(CaptureBody(*device_,
                          [this] {
                            static_cast<void>(device_->Synchronize());
                            return absl::OkStatus();
                          }),
              Fails(absl::StatusCode::kUnimplemented, "cudaStreamEndCapture returned 901"));
  EXPECT_GE(cuda_.state.calls["GetLastError"], 1) << "a later launch would report it";
}

TEST_F(GraphTest, OtherFailuresAreHandedOnAndEndTheCapture) {
  EXPECT_THAT(CaptureBody(*device_, [] { return absl::InternalError("broken"); }),
              Fails(absl::StatusCode::kInternal, "broken"));
  for (const char* name : {"StreamBeginCapture", "StreamEndCapture", "GraphInstantiate"}) {
    cuda_.state.fail_once[name] = cudaErrorMemoryAllocation;
    EXPECT_THAT(CaptureBody(*device_, [] { return absl::OkStatus(); }),
                Fails(absl::StatusCode::kResourceExhausted, name));
    EXPECT_FALSE(cuda_.state.captures);
    EXPECT_EQ(Alive("graph"), 0);
  }
  EXPECT_THAT(device_->Synchronize(), IsOk());
}

TEST_F(GraphTest, OnlyAGpuHasGraphs) {
  const auto cpu = MakeCpuDevice({});
  ASSERT_THAT(cpu, IsOk());
  EXPECT_EQ(AsCuda(**cpu), nullptr);
  ASSERT_NE(AsCuda(*device_), nullptr);
  EXPECT_NE(AsCuda(*device_)->stream(), nullptr);
  EXPECT_THAT(CaptureBody(**cpu, [] { return absl::OkStatus(); }),
              Fails(absl::StatusCode::kUnimplemented, "device cpu is no GPU"));
}

}  // namespace
}  // namespace basisbench
