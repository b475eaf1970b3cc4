// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/gpu/gpu_peers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cuda/check.h"

namespace basisbench {
namespace {

absl::StatusOr<std::vector<std::shared_ptr<Buffer>>> Rooms(BenchGpu& gpu, Dtype dtype,
                                                           int64_t elements, size_t count) {
  std::vector<std::shared_ptr<Buffer>> rooms(count);
  for (auto& room : rooms) {
    BB_ASSIGN_OR_RETURN(room, FilledRoom(gpu.device(), dtype, elements));
  }
  return rooms;
}

// X of the plan times W: its own, where it has a dense one.
absl::StatusOr<IssuedPeer> DenseProduct(const std::shared_ptr<GpuSubject>& subject, BenchGpu& gpu) {
  const ProblemShape s = subject->problem.shape;
  const Dtype dtype = subject->problem.dtype;
  const size_t sets = subject->plans.size();
  const bool same = subject->problem.operator_name == "matmul";
  BB_ASSIGN_OR_RETURN(const auto weights,
                      Rooms(gpu, dtype, same ? 1 : s.d_in * s.d_out, same ? 0 : sets));
  BB_ASSIGN_OR_RETURN(const auto results, Rooms(gpu, dtype, s.tokens * s.d_out, sets));
  const auto weight = [&](size_t set) {
    return same ? subject->Input(set, "w") : static_cast<void*>(weights[set]->data());
  };
  BB_ASSIGN_OR_RETURN(const auto gemm,
                      BestGemm::Make(gpu, {dtype, s.tokens, s.d_out, s.d_in},
                                     subject->Input(0, "x"), weight(0), results[0]->data()));
  IssuedPeer peer;
  peer.name = absl::StrCat(same ? "" : "a dense W, ", "the best of ", gemm->tried(),
                           " algorithms of cuBLASLt");
  for (size_t set = 0; set < sets; ++set) {
    peer.issues.push_back([gemm, subject, weights, results, set, w = weight(set)] {
      return gemm->Run(subject->Input(set, "x"), w, results[set]->data());
    });
  }
  peer.y = same ? results[0]->data() : nullptr;
  return peer;
}

struct FftPlanOwner {
  cufftHandle handle = 0;
  bool made = false;
  ~FftPlanOwner() {
    if (made) static_cast<void>(cufftDestroy(handle));
  }
};

absl::StatusOr<IssuedPeer> BareFft(const std::shared_ptr<GpuSubject>& subject, BenchGpu& gpu) {
  const ProblemShape s = subject->problem.shape;
  if (subject->problem.dtype != Dtype::kF32)
    return absl::UnimplementedError("cuFFT is asked for f32 here");
  auto plan = std::make_shared<FftPlanOwner>();
  BB_RETURN_IF_ERROR(CheckCufft(
      cufftPlan2d(&plan->handle, static_cast<int>(s.tokens), static_cast<int>(s.d_in), CUFFT_R2C),
      "cufftPlan2d"));
  plan->made = true;
  BB_RETURN_IF_ERROR(CheckCufft(cufftSetStream(plan->handle, gpu.stream()), "cufftSetStream"));
  const size_t sets = subject->plans.size();
  BB_ASSIGN_OR_RETURN(const auto results,
                      Rooms(gpu, Dtype::kF32, s.tokens * (s.d_in / 2 + 1) * 2, sets));
  IssuedPeer peer{.name = "cuFFT of X in two dimensions, without the real part"};
  for (size_t set = 0; set < sets; ++set) {
    peer.issues.push_back([plan, subject, results, set] {
      return CheckCufft(
          cufftExecR2C(plan->handle, static_cast<cufftReal*>(subject->Input(set, "x")),
                       results[set]->as<cufftComplex>()),
          "cufftExecR2C");
    });
  }
  return peer;
}

}  // namespace

absl::StatusOr<IssuedPeer> CopyOf(BenchGpu& gpu, int64_t bytes) {
  const auto sets = static_cast<size_t>(gpu.Sets(2.0 * static_cast<double>(bytes), 2 * bytes));
  BB_ASSIGN_OR_RETURN(const auto from, Rooms(gpu, Dtype::kF32, bytes / 4 + 1, sets));
  BB_ASSIGN_OR_RETURN(const auto to, Rooms(gpu, Dtype::kF32, bytes / 4 + 1, sets));
  IssuedPeer peer{.name = "copy of as many bytes"};
  for (size_t set = 0; set < sets; ++set) {
    peer.issues.push_back([from, to, set, bytes, stream = gpu.stream()] {
      return CheckCuda(
          cudaMemcpyAsync(to[set]->data(), from[set]->data(), static_cast<size_t>(bytes),
                          cudaMemcpyDeviceToDevice, stream),
          "cudaMemcpyAsync");
    });
  }
  return peer;
}

absl::StatusOr<IssuedPeer> MakeGpuPeer(GpuPeer peer, std::shared_ptr<GpuSubject> subject,
                                       BenchGpu& gpu) {
  if (peer == GpuPeer::kBestGemm) return DenseProduct(subject, gpu);
  if (peer == GpuPeer::kFft) return BareFft(subject, gpu);
  return CopyOf(gpu, static_cast<int64_t>(subject->cost.bytes_min / 2));
}

absl::StatusOr<SquareRoof> MakeSquareRoof(BenchGpu& gpu, Dtype dtype) {
  // Large enough to be as fast as any, and to last about as long in either.
  const int64_t n = IsHalf(dtype) ? 8192 : 4096;
  BB_ASSIGN_OR_RETURN(const auto rooms, Rooms(gpu, dtype, n * n, 3));
  BB_ASSIGN_OR_RETURN(const auto gemm, BestGemm::Make(gpu, {dtype, n, n, n}, rooms[0]->data(),
                                                      rooms[1]->data(), rooms[2]->data()));
  SquareRoof roof{.flops = 2.0 * static_cast<double>(n * n * n)};
  roof.issues.push_back(
      [gemm, rooms] { return gemm->Run(rooms[0]->data(), rooms[1]->data(), rooms[2]->data()); });
  return roof;
}

}  // namespace basisbench
