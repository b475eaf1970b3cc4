// SPDX-License-Identifier: Apache-2.0
// devices_bench: primitives of the CPU device that decide how fast operators are, beside the least
// work that could do the same: copies and transpositions beside memcpy, batches of small products
// beside a loop of library calls. For work on the kernels; `./dev bench` shows whole operators.
#include <cstring>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "tests/bench/expect.h"
#include "tests/bench/paired.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cpu/openblas.h"

namespace basisbench {
namespace {

constexpr int kRounds = 31;
constexpr double kMostSeconds = 2;

Buffer Fill(Device& device, int64_t floats) {
  Buffer buffer = device.Allocate(floats * 4).value();
  for (int64_t i = 0; i < floats; ++i)
    buffer.as<float>()[i] = static_cast<float>(i * 37 % 101) - 50;
  return buffer;
}

void BenchCopy(Device& device, int64_t n) {
  Buffer x = Fill(device, n * n), y = Fill(device, n * n);
  const auto memcpy_all = [&] { std::memcpy(y.data(), x.data(), n * n * 4); };
  const CopyArgs rows{Dtype::kF32, n, n, x.data(), n, 1, y.data(), n, 1};
  const CopyArgs turned{Dtype::kF32, n, n, x.data(), n, 1, y.data(), 1, n};
  const CopyArgs reversed{Dtype::kF32, n, n, x.as<float>() + n - 1, n, -1, y.data(), n, 1};
  for (const auto& [name, args] :
       {std::pair("copy", rows), std::pair("transpose", turned), std::pair("reverse", reversed)}) {
    Comparison comparison{.ours = absl::StrCat(name, " f32 ", n, "x", n), .theirs = "memcpy"};
    comparison.figure = Figure::kTime;
    TimePaired([&, a = args] { Expect(device.Copy(a)); }, memcpy_all, kRounds, kMostSeconds,
               comparison);
    PrintComparison(comparison);
  }
}

// As the factors of monarch: `batch` products of n x n with n x rows.
void BenchSmallProducts(Device& device, const OpenBlas& blas, int64_t n) {
  const int64_t batch = n, rows = 96;
  Buffer a = Fill(device, batch * n * n), b = Fill(device, batch * n * rows);
  Buffer c = Fill(device, batch * n * rows);
  GemmArgs args{.m = n, .n = rows, .k = n, .a = a.data(), .lda = n, .stride_a = n * n};
  args.b = b.data();
  args.ldb = args.ldc = rows;
  args.stride_b = args.stride_c = n * rows;
  args.c = c.data();
  args.batch = batch;
  const int m = static_cast<int>(n), columns = static_cast<int>(rows);
  const auto calls = [&] {
    for (int64_t i = 0; i < batch; ++i) {
      blas.sgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, m, columns, m, 1.0F,
                 a.as<float>() + i * n * n, m, b.as<float>() + i * n * rows, columns, 0.0F,
                 c.as<float>() + i * n * rows, columns);
    }
  };
  Comparison comparison{.ours = absl::StrCat(batch, " products f32 ", n, "x", n, "x", rows),
                        .theirs = "as many calls of cblas_sgemm"};
  TimePaired([&] { Expect(device.Gemm(args)); }, calls, kRounds, kMostSeconds, comparison);
  PrintComparison(comparison);
}

int Main() {
  auto device = MakeCpuDevice(CpuOptions{});
  const auto blas = LoadOpenBlas();
  if (!device.ok() || !blas.ok()) {
    std::cerr << device.status() << "\n";
    return 1;
  }
  PrintMachine((*device)->Libraries());
  PrintHead();
  for (const int64_t n : {256, 1024, 4096}) BenchCopy(**device, n);
  for (const int64_t n : {16, 32, 64}) BenchSmallProducts(**device, **blas, n);
  return 0;
}

}  // namespace
}  // namespace basisbench

int main() { return basisbench::Main(); }
