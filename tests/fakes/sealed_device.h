// SPDX-License-Identifier: Apache-2.0
// A deferred device in memory that only it may touch: what anything else reads or writes there ends
// the program, as it would on a GPU. Belongs to one thread.
#pragma once

#include <memory>
#include <utility>

#include "tests/fakes/deferred_device.h"
#include "tests/fakes/sealed_memory.h"

namespace basisbench {

class SealedDevice : public DeferredDevice {
 public:
  explicit SealedDevice(std::unique_ptr<Device> inner) : DeferredDevice(std::move(inner)) {}
  SealedDevice(std::unique_ptr<Device> inner, int64_t bytes)
      : DeferredDevice(std::move(inner)), memory_(bytes) {}

  absl::StatusOr<Buffer> Allocate(int64_t bytes) override { return memory_.Allocate(bytes); }
  absl::Status Upload(const void* from, int64_t bytes, void* to) override {
    const Opened opened(*this);
    return DeferredDevice::Upload(from, bytes, to);
  }
  absl::Status Download(const void* from, int64_t bytes, void* to) override {
    const Opened opened(*this);
    return DeferredDevice::Download(from, bytes, to);
  }
  absl::StatusOr<std::unique_ptr<FftPlan>> MakeFft(const FftDescription& description, void* in,
                                                   void* out) override {
    const Opened opened(*this);
    return DeferredDevice::MakeFft(description, in, out);
  }
  absl::StatusOr<RowProjections> ProjectRows(const DeviceMatrix& matrix,
                                             absl::Span<const double> weights) override {
    const Opened opened(*this);
    return DeferredDevice::ProjectRows(matrix, weights);
  }
  absl::Status Synchronize() override {
    const Opened opened(*this);
    return DeferredDevice::Synchronize();
  }

 private:
  // One within another leaves it open.
  class Opened {
   public:
    explicit Opened(SealedDevice& device) : device_(device) {
      if (device_.opened_++ == 0) device_.memory_.Open();
    }
    ~Opened() {
      if (--device_.opened_ == 0) device_.memory_.Close();
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

   private:
    SealedDevice& device_;
  };

  SealedMemory memory_;
  int opened_ = 0;
};

}  // namespace basisbench
