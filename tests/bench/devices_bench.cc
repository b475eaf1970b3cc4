// SPDX-License-Identifier: Apache-2.0
// devices_bench: the CPU device's primitives beside the least work that could do the same: GEMM
// beside the raw library call, WHT beside streaming the rows, multiply beside a plain triad, copies
// beside memcpy. Prints medians and the median of the paired ratios (ours / theirs; 1 is the bound,
// lower is better).
#include <cstring>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "tests/bench/paired.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cpu/openblas.h"

namespace basisbench {
namespace {

struct Bench {
  Device& device;
  const OpenBlas& blas;
};

Buffer Fill(Device& device, int64_t floats) {
  Buffer buffer = device.Allocate(floats * 4).value();
  for (int64_t i = 0; i < floats; ++i)
    buffer.as<float>()[i] = static_cast<float>(i * 37 % 101) - 50;
  return buffer;
}

void Expect(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}

void BenchGemm(Bench bench) {
  for (int64_t n : {64, 256, 1024}) {
    Buffer a = Fill(bench.device, n * n), b = Fill(bench.device, n * n);
    Buffer c = Fill(bench.device, n * n);
    GemmArgs g;
    g.m = g.n = g.k = g.lda = g.ldb = g.ldc = n;
    g.a = a.data();
    g.b = b.data();
    g.c = c.data();
    const int size = static_cast<int>(n);
    const auto raw = [&] {
      bench.blas.sgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, size, size, size, 1.0f,
                       a.as<float>(), size, b.as<float>(), size, 0.0f, c.as<float>(), size);
    };
    PrintPaired(absl::StrCat("gemm f32 n=", n), "raw cblas_sgemm",
                ComparePaired([&] { Expect(bench.device.Gemm(g)); }, raw));
  }
}

void BenchWht(Bench bench, int64_t floats) {
  Buffer x = Fill(bench.device, floats), y = Fill(bench.device, floats);
  const std::string size = absl::StrCat(floats >> 18, " MiB");
  for (int64_t n : {64, 256, 1024, 4096, 16384, 65536}) {
    WhtArgs args{Dtype::kF32, floats / n, n, 1.0, x.data(), n, y.data(), n};
    PrintPaired(absl::StrCat("wht f32 n=", n, ", ", size), "memcpy of the rows",
                ComparePaired([&] { Expect(bench.device.Wht(args)); },
                              [&] { std::memcpy(y.data(), x.data(), floats * 4); }, 11));
  }
}

[[gnu::optimize("O3")]] void Triad(const float* x, const float* w, float* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] + 3.0f * w[i];
}

void BenchPointwise(Bench bench, int64_t floats) {
  Buffer x = Fill(bench.device, floats), w = Fill(bench.device, floats);
  Buffer y = Fill(bench.device, floats);
  PrintPaired(
      absl::StrCat("multiply f32 ", floats >> 18, " MiB"), "plain loop y = x + 3w",
      ComparePaired(
          [&] { Expect(bench.device.Multiply(Dtype::kF32, floats, x.data(), w.data(), y.data())); },
          [&] { Triad(x.as<float>(), w.as<float>(), y.as<float>(), floats); }, 21));
}

void BenchCopy(Bench bench, int64_t n) {
  Buffer x = Fill(bench.device, n * n), y = Fill(bench.device, n * n);
  const auto memcpy_all = [&] { std::memcpy(y.data(), x.data(), n * n * 4); };
  CopyArgs rows{Dtype::kF32, n, n, x.data(), n, 1, y.data(), n, 1};
  PrintPaired(absl::StrCat("copy f32 ", n, "^2"), "memcpy",
              ComparePaired([&] { Expect(bench.device.Copy(rows)); }, memcpy_all));
  CopyArgs turned{Dtype::kF32, n, n, x.data(), n, 1, y.data(), 1, n};
  PrintPaired(absl::StrCat("transpose f32 ", n, "^2"), "memcpy",
              ComparePaired([&] { Expect(bench.device.Copy(turned)); }, memcpy_all));
}

void PrintMachine(Device& device) {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line) && line.rfind("model name", 0) != 0) continue;
  std::ifstream loadavg("/proc/loadavg");
  std::string load;
  loadavg >> load;
  std::cout << "machine: " << line << "; load " << load;
  for (const auto& [name, version] : device.Libraries())
    std::cout << "; " << name << ": " << version;
  std::cout << "\n";
}

int Main() {
  auto device = MakeCpuDevice(CpuOptions{});
  const auto blas = LoadOpenBlas();
  if (!device.ok() || !blas.ok()) {
    std::cerr << device.status() << "\n";
    return 1;
  }
  PrintMachine(**device);
  const Bench bench{**device, **blas};
  BenchGemm(bench);
  for (int64_t mib : {4, 64}) BenchWht(bench, mib << 18);
  for (int64_t mib : {1, 16, 128}) BenchPointwise(bench, mib << 18);
  for (int64_t n : {256, 1024, 4096}) BenchCopy(bench, n);
  return 0;
}

}  // namespace
}  // namespace basisbench

int main() { return basisbench::Main(); }
