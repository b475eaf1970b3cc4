// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/cuda_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "tests/fakes/fake_cuda.h"
#include "tests/fakes/status_matchers.h"
#include "workers/devices/cuda/pinned.h"

namespace basisbench {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class CudaDeviceTest : public testing::Test {
 protected:
  std::unique_ptr<Device> Make(CudaOptions options = {}) {
    auto device = MakeCudaDevice(options, cuda_.api());
    EXPECT_THAT(device, IsOk());
    return device.ok() ? *std::move(device) : nullptr;
  }
  // A small product in the buffers of the test.
  GemmArgs Product(double beta = 0) {
    GemmArgs args{.m = 2, .n = 3, .k = 4};
    args.a = a_.data(), args.b = b_.data(), args.c = c_.data();
    args.lda = 4, args.ldb = args.ldc = 3;
    args.beta = beta;
    return args;
  }
  int Calls(const char* name) { return cuda_.state.calls[name]; }

  FakeCuda cuda_;
  std::vector<float> a_ = std::vector<float>(8, 1), b_ = std::vector<float>(12, 1),
                     c_ = std::vector<float>(6, 10);
};

TEST_F(CudaDeviceTest, SaysWhyThereIsNone) {
  cuda_.state.devices = 0;
  EXPECT_THAT(MakeCudaDevice({}, cuda_.api()),
              Fails(absl::StatusCode::kUnavailable, "no GPU is visible"));
  cuda_.state.fail_once["GetDeviceCount"] = cudaErrorInsufficientDriver;
  EXPECT_THAT(MakeCudaDevice({}, cuda_.api()),
              Fails(absl::StatusCode::kUnavailable, "cudaErrorInsufficientDriver"));
  cuda_.state.devices = 2;
  EXPECT_THAT(MakeCudaDevice({.index = 2}, cuda_.api()),
              Fails(absl::StatusCode::kInvalidArgument, "GPU 2 of 2"));
  cuda_.state.major = 8;
  EXPECT_THAT(MakeCudaDevice({}, cuda_.api()),
              Fails(absl::StatusCode::kFailedPrecondition, "compute capability 8"));
  EXPECT_EQ(cuda_.state.LeftAlive(), 0);
}

TEST_F(CudaDeviceTest, PinsHostMemoryAndGivesItBack) {
  {
    const auto pinned = AllocatePinned(100, *cuda_.api().runtime);
    ASSERT_THAT(pinned, IsOk());
    EXPECT_EQ(pinned->bytes(), 100);
    EXPECT_EQ(cuda_.state.LeftAlive(), 1);
  }
  EXPECT_EQ(cuda_.state.LeftAlive(), 0);
  cuda_.state.fail_once["HostAlloc"] = cudaErrorMemoryAllocation;
  EXPECT_THAT(AllocatePinned(100, *cuda_.api().runtime),
              Fails(absl::StatusCode::kResourceExhausted, "100 bytes"));
}

TEST_F(CudaDeviceTest, GoesBackToItsGpuWhenAnotherIsCurrent) {
  cuda_.state.devices = 2;
  const auto device = Make({.index = 1});
  EXPECT_EQ(device->name(), "cuda:1");
  cuda_.state.current = 0;
  float y[4] = {};
  ASSERT_THAT(device->Fill(Dtype::kF32, 4, 2.0, y), IsOk());
  EXPECT_THAT(y, Each(2.0f));
  EXPECT_EQ(cuda_.state.current, 1);
}

TEST_F(CudaDeviceTest, LeavesNothingBehind) {
  {
    const auto device = Make();
    auto buffer = device->Allocate(1000);
    ASSERT_THAT(buffer, IsOk());
    ASSERT_THAT(device->Gemm(Product()), IsOk());
    ASSERT_THAT(device->Gemm(Product(1)), IsOk());
    float data[16] = {};
    ASSERT_THAT(device->MakeFft({.n = 4, .howmany = 1}, data, data), IsOk());
    EXPECT_GT(cuda_.state.LeftAlive(), 0);
  }
  for (const auto& [kind, count] : cuda_.state.alive) EXPECT_EQ(count, 0) << kind;
}

TEST_F(CudaDeviceTest, AFailedStartLeavesNothingBehind) {
  for (const char* name : {"StreamCreateWithFlags", "Create", "Malloc", "MemsetAsync"}) {
    cuda_.state.fail_once[name] = 1;
    EXPECT_FALSE(MakeCudaDevice({}, cuda_.api()).ok()) << name;
    for (const auto& [kind, count] : cuda_.state.alive) EXPECT_EQ(count, 0) << name << kind;
  }
}

TEST_F(CudaDeviceTest, MemoryIsZeroAndUsedAgain) {
  const auto device = Make();
  void* first = nullptr;
  {
    auto buffer = device->Allocate(5000);
    ASSERT_THAT(buffer, IsOk());
    first = buffer->data();
    std::memset(first, 1, 5000);
  }
  const int before = Calls("Malloc");
  auto buffer = device->Allocate(4900);
  ASSERT_THAT(buffer, IsOk());
  EXPECT_EQ(buffer->data(), first);
  EXPECT_EQ(Calls("Malloc"), before);
  EXPECT_EQ(buffer->as<char>()[4899], 0);
}

TEST_F(CudaDeviceTest, WhatIsKeptIsGivenUpBeforeMemoryIsSaidToBeFull) {
  const auto device = Make();
  constexpr int64_t kPart = int64_t{8} << 20;
  cuda_.state.room = cuda_.state.used + kPart;
  ASSERT_THAT(device->Allocate(kPart), IsOk());      // and kept
  ASSERT_THAT(device->Allocate(kPart / 2), IsOk());  // which does not fit beside it
  EXPECT_THAT(device->Allocate(2 * kPart),
              Fails(absl::StatusCode::kResourceExhausted, "cudaMalloc of 16777216 bytes"));
  EXPECT_GE(Calls("GetLastError"), 2) << "a later launch would report the old failure";
}

TEST_F(CudaDeviceTest, HoldsItsLimit) {
  const auto device = Make({.memory_limit = int64_t{40} << 20});
  EXPECT_THAT(device->Allocate(int64_t{10} << 20),
              Fails(absl::StatusCode::kResourceExhausted, "of a limit of 41943040"));
  EXPECT_THAT(device->Allocate(-1), Fails(absl::StatusCode::kInvalidArgument, "-1"));
}

TEST_F(CudaDeviceTest, TimesAlgorithmsOnceAShapeAndKeepsTheFastest) {
  const auto device = Make();
  // Three runs of each of three algorithms.
  cuda_.state.milliseconds = {3, 3, 3, 5, 1, 5, 2, 2, 2};
  ASSERT_THAT(device->Gemm(Product()), IsOk());
  EXPECT_EQ(cuda_.blas.launched.size(), 13u);
  EXPECT_EQ(cuda_.blas.launched.back(), 1u);
  ASSERT_THAT(device->Gemm(Product()), IsOk());
  EXPECT_EQ(cuda_.blas.launched.size(), 14u);
  EXPECT_EQ(Calls("MatmulAlgoGetHeuristic"), 1);
  EXPECT_THAT(c_, Each(4.0f));
}

TEST_F(CudaDeviceTest, TrialsDoNotAddToAnAccumulatedResult) {
  const auto device = Make();
  ASSERT_THAT(device->Gemm(Product(1)), IsOk());
  EXPECT_GT(cuda_.blas.launched.size(), 1u);
  EXPECT_THAT(c_, Each(14.0f));
}

TEST_F(CudaDeviceTest, WithoutRoomForTrialsTheFirstProposalServes) {
  const auto device = Make();
  cuda_.state.room = cuda_.state.used;
  ASSERT_THAT(device->Gemm(Product(1)), IsOk());
  EXPECT_EQ(cuda_.blas.launched, std::vector<uint64_t>{0});
  EXPECT_THAT(c_, Each(14.0f));
}

TEST_F(CudaDeviceTest, ProductsInF32AreNotTf32UnlessAsked) {
  const auto device = Make();
  ASSERT_TRUE(device->HasTf32());
  ASSERT_THAT(device->Gemm(Product()), IsOk());
  EXPECT_EQ(cuda_.blas.compute, CUBLAS_COMPUTE_32F);
  ASSERT_THAT(device->MultiplyInTf32(true), IsOk());
  ASSERT_THAT(device->Gemm(Product()), IsOk());  // another product than the same one in f32
  EXPECT_EQ(cuda_.blas.compute, CUBLAS_COMPUTE_32F_FAST_TF32);
  ASSERT_THAT(device->MultiplyInTf32(false), IsOk());
  ASSERT_THAT(device->Gemm(Product(1)), IsOk());
  EXPECT_EQ(cuda_.blas.compute, CUBLAS_COMPUTE_32F);
}

TEST_F(CudaDeviceTest, TellsWhichAlgorithmEveryProductWasGiven) {
  const auto device = Make();
  ASSERT_THAT(device->MultiplyInTf32(true), IsOk());
  cuda_.state.milliseconds = {3, 3, 3, 5, 1, 5, 2, 2, 2};
  ASSERT_THAT(device->Gemm(Product()), IsOk());
  GemmArgs transposed = Product(1);
  transposed.transpose_a = Transpose::kYes;
  transposed.lda = 2;
  ASSERT_THAT(device->Gemm(transposed), IsOk());
  using Choice = std::pair<std::string, std::string>;
  EXPECT_THAT(AsCuda(*device)->GemmChoices(),
              UnorderedElementsAre(
                  Choice("tf32 2x3x4 NN, batch 1",
                         "algorithm 1, tile 1, stages 1, split 1; 3 of 3 proposals timed; 1000 "
                         "bytes of workspace"),
                  Pair("tf32 2x3x4 TN, added, batch 1", HasSubstr("3 of 3 proposals timed"))));
  const auto untimed = Make({.time_gemms = false});
  ASSERT_THAT(untimed->Gemm(Product()), IsOk());
  EXPECT_THAT(AsCuda(*untimed)->GemmChoices(),
              ElementsAre(Pair("f32 2x3x4 NN, batch 1",
                               HasSubstr("algorithm 0, tile 0, stages 0, split 0; 0 of 3"))));
}

TEST_F(CudaDeviceTest, HalvesAreMultipliedAndAddedUpInF32) {
  const auto device = Make();
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kF16}) {
    std::vector<uint16_t> a(8), b(12), c(6);
    for (int i = 0; i < 8; ++i) StoreElement(dtype, a.data(), i, 1.5);
    for (int i = 0; i < 12; ++i) StoreElement(dtype, b.data(), i, i);
    GemmArgs args = Product();
    args.dtype = dtype;
    args.a = a.data(), args.b = b.data(), args.c = c.data();
    ASSERT_THAT(device->Gemm(args), IsOk());
    EXPECT_EQ(cuda_.blas.compute, CUBLAS_COMPUTE_32F);
    EXPECT_EQ(LoadElement(dtype, c.data(), 5), 1.5 * (2 + 5 + 8 + 11));
  }
}

TEST_F(CudaDeviceTest, AnEmptySumScalesWhatIsThere) {
  const auto device = Make();
  GemmArgs args = Product(0.5);
  args.k = 0;
  ASSERT_THAT(device->Gemm(args), IsOk());
  EXPECT_THAT(c_, Each(5.0f));
}

TEST_F(CudaDeviceTest, FailuresNameTheCallTheCodeAndItsText) {
  const auto device = Make();
  cuda_.state.fail_once["Matmul"] = CUBLAS_STATUS_EXECUTION_FAILED;
  EXPECT_THAT(device->Gemm(Product()),
              Fails(absl::StatusCode::kInternal,
                    "cublasLtMatmul returned 13 (the function failed to launch on the GPU)"));
  cuda_.state.fail_once["StreamSynchronize"] = cudaErrorIllegalAddress;
  EXPECT_THAT(device->Synchronize(), Fails(absl::StatusCode::kInternal,
                                           "cudaStreamSynchronize returned 700 "
                                           "(cudaErrorIllegalAddress"));
  cuda_.blas.proposals = 0;
  GemmArgs other = Product();
  other.m = 1;
  EXPECT_THAT(device->Gemm(other),
              Fails(absl::StatusCode::kUnimplemented, "f32 1x3x4 NN, batch 1"));
  float data[8];
  cuda_.state.fail_once["XtMakePlanMany"] = CUFFT_INVALID_SIZE;
  EXPECT_THAT(device->MakeFft({.n = 4, .howmany = 1}, data, data),
              Fails(absl::StatusCode::kInternal, "of 1 transforms of length 4 returned 8"));
}

TEST_F(CudaDeviceTest, TransformsOfOneDescriptionShareThePlan) {
  const auto device = Make();
  float x[8] = {}, y[8] = {};
  {
    auto first = device->MakeFft({.n = 4, .howmany = 1}, x, x);
    auto second = device->MakeFft({.n = 4, .howmany = 1}, y, y);
    auto third = device->MakeFft({.inverse = true, .n = 4, .howmany = 1}, y, y);
    EXPECT_EQ(cuda_.state.alive["fft"], 2);
    first->reset();
    x[0] = y[0] = 1;
    ASSERT_THAT((*second)->Execute(), IsOk());
    EXPECT_EQ(y[6], 1);
    EXPECT_EQ(x[6], 0) << "each plan has its own buffers";
  }
  EXPECT_EQ(cuda_.state.alive["fft"], 0);
}

TEST_F(CudaDeviceTest, MovesBetweenHostAndDevice) {
  const auto device = Make();
  auto buffer = device->Allocate(12);
  const float in[3] = {1, 2, 3};
  float out[3] = {};
  ASSERT_THAT(device->Upload(in, sizeof(in), buffer->data()), IsOk());
  ASSERT_THAT(device->Download(buffer->data(), sizeof(out), out), IsOk());
  EXPECT_EQ(out[2], 3);
  EXPECT_GE(Calls("StreamSynchronize"), 2);
}

}  // namespace
}  // namespace basisbench
