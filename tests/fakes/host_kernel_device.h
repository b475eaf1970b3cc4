// SPDX-License-Identifier: Apache-2.0
// The CUDA device's kernels on the processor, in host memory; GEMM, FFT and memory are the CPU
// device's. Belongs to one thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cuda/kernels/kernel_device.h"

namespace basisbench {

class HostKernelDevice : public KernelDevice {
 public:
  explicit HostKernelDevice(std::unique_ptr<Device> libraries) : libraries_(std::move(libraries)) {}

  std::string name() const override { return "kernels"; }
  std::vector<std::pair<std::string, std::string>> Libraries() const override {
    return libraries_->Libraries();
  }
  absl::StatusOr<Buffer> Allocate(int64_t bytes) override { return libraries_->Allocate(bytes); }
  absl::Status Upload(const void* from, int64_t bytes, void* to) override {
    return libraries_->Upload(from, bytes, to);
  }
  absl::Status Download(const void* from, int64_t bytes, void* to) override {
    return libraries_->Download(from, bytes, to);
  }
  absl::Status Gemm(const GemmArgs& args) override {
    const bool rounds = args.dtype == Dtype::kTf32 || (in_tf32_ && args.dtype == Dtype::kF32);
    if (!rounds && !IsHalf(args.dtype)) return libraries_->Gemm(args);
    return GemmByDefinition(
        args, rounds ? RoundToTf32 : [](double value) { return value; });
  }
  bool MultipliesHalves() const override { return true; }
  bool HasTf32() const override { return true; }
  absl::Status MultiplyInTf32(bool on) override {
    in_tf32_ = on;
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<FftPlan>> MakeFft(const FftDescription& description, void* in,
                                                   void* out) override {
    return libraries_->MakeFft(description, in, out);
  }
  absl::Status Synchronize() override { return absl::OkStatus(); }

 protected:
  // Few enough for reductions to be cut into parts in some tests and not in others.
  absl::StatusOr<kernels::Queue> Ready() override {
    return kernels::Queue{nullptr, scratch_.data(), static_cast<int64_t>(scratch_.size()), 4};
  }

 private:
  // To ten bits of fraction.
  static double RoundToTf32(double value) {
    int exponent = 0;
    const double fraction = std::frexp(value, &exponent);
    return std::ldexp(std::nearbyint(std::ldexp(fraction, 11)), exponent - 11);
  }

  // In float64, operands rounded first.
  static absl::Status GemmByDefinition(const GemmArgs& args, double (*round)(double)) {
    const bool turned_a = args.transpose_a == Transpose::kYes;
    const bool turned_b = args.transpose_b == Transpose::kYes;
    for (int64_t b = 0; b < args.batch; ++b) {
      for (int64_t i = 0; i < args.m; ++i) {
        for (int64_t j = 0; j < args.n; ++j) {
          double sum = 0;
          for (int64_t k = 0; k < args.k; ++k) {
            const int64_t in_a = turned_a ? k * args.lda + i : i * args.lda + k;
            const int64_t in_b = turned_b ? j * args.ldb + k : k * args.ldb + j;
            sum += round(LoadElement(args.dtype, args.a, b * args.stride_a + in_a)) *
                   round(LoadElement(args.dtype, args.b, b * args.stride_b + in_b));
          }
          const int64_t at = b * args.stride_c + i * args.ldc + j;
          const double old = args.beta == 0 ? 0 : args.beta * LoadElement(args.dtype, args.c, at);
          StoreElement(args.dtype, args.c, at, args.alpha * sum + old);
        }
      }
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<Device> libraries_;
  bool in_tf32_ = false;
  std::vector<std::byte> scratch_ = std::vector<std::byte>(64 << 10);
};

}  // namespace basisbench
