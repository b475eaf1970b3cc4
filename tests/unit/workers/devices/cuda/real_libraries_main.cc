// SPDX-License-Identifier: Apache-2.0
// The CUDA device and the NCCL communicator as they are shipped. Without a GPU: that they say so.
// With one: a product, a transform and a kernel against the CPU, and a world of one rank.
#include <cmath>
#include <cstdio>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/collectives/local.h"
#include "workers/collectives/nccl/nccl.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cuda/cuda_device.h"

namespace basisbench {
namespace {

constexpr int64_t kN = 256;
constexpr int64_t kBytes = kN * kN * sizeof(float);

// Y = WHT(X X) by rows, and the complex FFT of its first rows, taken as pairs.
absl::StatusOr<std::vector<float>> Compute(Device& device) {
  std::vector<float> x(kN * kN);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(std::sin(0.37 * i));
  BB_ASSIGN_OR_RETURN(Buffer in, device.Allocate(kBytes));
  BB_ASSIGN_OR_RETURN(Buffer out, device.Allocate(kBytes));
  BB_RETURN_IF_ERROR(device.Upload(x.data(), kBytes, in.data()));
  GemmArgs gemm{.m = kN, .n = kN, .k = kN};
  gemm.a = gemm.b = in.data(), gemm.c = out.data();
  gemm.lda = gemm.ldb = gemm.ldc = kN;
  BB_RETURN_IF_ERROR(device.Gemm(gemm));
  WhtArgs wht{.rows = kN, .n = kN, .scale = 1.0 / kN};
  wht.in = wht.out = out.data();
  wht.in_row_stride = wht.out_row_stride = kN;
  BB_RETURN_IF_ERROR(device.Wht(wht));
  const FftDescription rows{
      .n = kN / 2, .howmany = kN, .in_distance = kN / 2, .out_distance = kN / 2};
  BB_ASSIGN_OR_RETURN(const auto fft, device.MakeFft(rows, in.data(), in.data()));
  BB_RETURN_IF_ERROR(device.Copy({.rows = 1,
                                  .cols = kN * kN,
                                  .from = out.data(),
                                  .from_row_stride = kN * kN,
                                  .to = in.data(),
                                  .to_row_stride = kN * kN}));
  BB_RETURN_IF_ERROR(fft->Execute());
  BB_RETURN_IF_ERROR(device.Download(in.data(), kBytes, x.data()));
  return x;
}

absl::Status CompareWithCpu(Device& gpu) {
  BB_ASSIGN_OR_RETURN(const auto cpu, MakeCpuDevice({}));
  BB_ASSIGN_OR_RETURN(const std::vector<float> want, Compute(*cpu));
  BB_ASSIGN_OR_RETURN(const std::vector<float> got, Compute(gpu));
  double error = 0, size = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    error += std::pow(got[i] - want[i], 2);
    size += std::pow(want[i], 2);
  }
  std::printf("relative difference to the CPU: %.2g\n", std::sqrt(error / size));
  return error < 1e-10 * size ? absl::OkStatus() : absl::InternalError("GPU and CPU differ");
}

absl::Status SumAlone(Device& gpu) {
  return RunLocalRanks(1, [&](Communicator& control) -> absl::Status {
    BB_ASSIGN_OR_RETURN(const auto world, MakeNcclCommunicator({}, BootstrapOver(control)));
    BB_ASSIGN_OR_RETURN(Buffer buffer, gpu.Allocate(kBytes));
    BB_RETURN_IF_ERROR(gpu.Synchronize());
    BB_RETURN_IF_ERROR(world->AllReduce(Dtype::kF32, buffer.data(), kN * kN));
    return world->Barrier();
  });
}

int Run() {
  const auto gpu = MakeCudaDevice({});
  if (absl::IsUnavailable(gpu.status())) {
    std::printf("no GPU here: %s\nall checks passed\n", gpu.status().ToString().c_str());
    return 0;
  }
  absl::Status status = gpu.status();
  if (status.ok()) status = CompareWithCpu(**gpu);
  if (status.ok()) status = SumAlone(**gpu);
  std::printf("%s\n", status.ok() ? "all checks passed" : status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace basisbench

int main() { return basisbench::Run(); }
