// SPDX-License-Identifier: Apache-2.0
// The CUDA device and the NCCL communicator as they are shipped. Without a GPU: that they say so.
// With one: a product, a transform and a kernel against the CPU, a product recorded as a graph and
// one in fp8 by their projections, and a world of one rank.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/collectives/local.h"
#include "workers/collectives/nccl/nccl.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cuda/cuda_device.h"
#include "workers/devices/cuda/fp8_gemm.h"
#include "workers/devices/cuda/graph.h"
#include "workers/devices/cuda/kernels/quantise.h"

namespace basisbench {
namespace {

constexpr int64_t kN = 256;
constexpr int64_t kBytes = kN * kN * sizeof(float);

std::vector<float> Values() {
  std::vector<float> x(kN * kN);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(std::sin(0.37 * i));
  return x;
}

// Y = WHT(X X) by rows, and the complex FFT of its first rows, taken as pairs.
absl::StatusOr<std::vector<float>> Compute(Device& device) {
  std::vector<float> x = Values();
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

// Sums of the rows of X X^T, in f64 on the host.
std::vector<double> SumsOfSquare(const std::vector<float>& x) {
  std::vector<double> columns(kN), sums(kN);
  for (size_t i = 0; i < x.size(); ++i) columns[i % kN] += x[i];
  for (size_t i = 0; i < x.size(); ++i) sums[i / kN] += x[i] * columns[i % kN];
  return sums;
}

// That the rows of a matrix on the GPU add up to `want`, but for `tolerance` of its size.
absl::Status CheckSums(Device& gpu, const char* what, const DeviceMatrix& matrix,
                       const std::vector<double>& want, double tolerance) {
  BB_ASSIGN_OR_RETURN(const RowProjections got,
                      gpu.ProjectRows(matrix, std::vector<double>(kN, 1.0)));
  double error = 0, size = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    error += std::pow(got.value[i] - want[i], 2);
    size += std::pow(want[i], 2);
  }
  std::printf("%s: relative difference of sums %.2g\n", what, std::sqrt(error / size));
  if (std::sqrt(error / size) < tolerance) return absl::OkStatus();
  return absl::InternalError(std::string(what) + " is wrong");
}

absl::Status CheckGraph(Device& gpu, const std::vector<float>& x) {
  BB_ASSIGN_OR_RETURN(Buffer in, gpu.Allocate(kBytes));
  BB_ASSIGN_OR_RETURN(Buffer out, gpu.Allocate(kBytes));
  BB_RETURN_IF_ERROR(gpu.Upload(x.data(), kBytes, in.data()));
  GemmArgs gemm{.transpose_b = Transpose::kYes, .m = kN, .n = kN, .k = kN};
  gemm.a = gemm.b = in.data(), gemm.c = out.data();
  gemm.lda = gemm.ldb = gemm.ldc = kN;
  const auto body = [&] { return gpu.Gemm(gemm); };
  BB_RETURN_IF_ERROR(body());
  BB_ASSIGN_OR_RETURN(const auto captured, CaptureBody(gpu, body));
  BB_RETURN_IF_ERROR(gpu.Fill(Dtype::kF32, kN * kN, 0.0, out.data()));
  BB_RETURN_IF_ERROR(captured->Launch());
  for (const auto& [product, choice] : AsCuda(gpu)->GemmChoices())
    std::printf("%s: %s\n", product.c_str(), choice.c_str());
  return CheckSums(gpu, "a graph's product", {Dtype::kF32, kN, kN, kN, out.data()}, SumsOfSquare(x),
                   1e-5);
}

absl::Status CheckFp8(Device& gpu, const std::vector<float>& x) {
  BB_ASSIGN_OR_RETURN(Buffer in, gpu.Allocate(kBytes));
  BB_ASSIGN_OR_RETURN(Buffer values, gpu.Allocate(kN * kN));
  BB_ASSIGN_OR_RETURN(Buffer scale, gpu.Allocate(sizeof(float)));
  BB_ASSIGN_OR_RETURN(Buffer out, gpu.Allocate(kN * kN * 2));
  BB_RETURN_IF_ERROR(gpu.Upload(x.data(), kBytes, in.data()));
  BB_RETURN_IF_ERROR(QuantiseToE4m3(
      gpu, {Dtype::kF32, kN * kN, in.data(), values.as<uint8_t>(), scale.as<float>()}));
  const Fp8Tensor tensor{values.as<uint8_t>(), scale.as<float>()};
  BB_ASSIGN_OR_RETURN(const auto gemm, Fp8Gemm::Make(gpu));
  BB_RETURN_IF_ERROR(gemm->Run({kN, kN, kN, tensor, tensor, out.data()}));
  // Three bits of fraction an element.
  return CheckSums(gpu, "an fp8 product", {Dtype::kBf16, kN, kN, kN, out.data()}, SumsOfSquare(x),
                   0.05);
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
  if (status.ok()) status = CheckGraph(**gpu, Values());
  if (status.ok()) status = CheckFp8(**gpu, Values());
  if (status.ok()) status = SumAlone(**gpu);
  std::printf("%s\n", status.ok() ? "all checks passed" : status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace basisbench

int main() { return basisbench::Run(); }
