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
  absl::Status Gemm(const GemmArgs& args) override { return libraries_->Gemm(args); }
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
  const std::unique_ptr<Device> libraries_;
  std::vector<std::byte> scratch_ = std::vector<std::byte>(64 << 10);
};

}  // namespace basisbench
