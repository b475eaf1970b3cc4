// SPDX-License-Identifier: Apache-2.0
// Work on a GPU as graphs that are timed by events, so that neither launching nor a plan's own
// waiting is in the time. Operands are taken in turns, so that none is still in the GPU's cache.
// One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/paired.h"
#include "workers/devices/cuda/cuda_device.h"
#include "workers/devices/device.h"

namespace basisbench {

// Puts work on the stream.
using Issue = std::function<absl::Status()>;

class BenchGpu {
 public:
  // UNAVAILABLE where no GPU is visible.
  static absl::StatusOr<std::unique_ptr<BenchGpu>> Make();

  Device& device() { return *device_; }
  // The device's.
  cudaStream_t stream() const { return cuda_->stream(); }

  // GPU, libraries and versions.
  std::vector<std::pair<std::string, std::string>> Libraries() const;

  // How many sets of operands, of so many bytes each that a call reads and writes, are together
  // several times what the cache holds; no more than the free memory has room for.
  int Sets(double bytes_moved, int64_t bytes_held) const;

  // Of all together, issued one by one.
  absl::StatusOr<double> SecondsOnce(const std::vector<Issue>& all);

  // Runs all once, so that libraries have made their choices, and records them, one after the
  // other. What the body returns is the time of one. UNIMPLEMENTED where something waits for the
  // device, which cannot be recorded.
  absl::StatusOr<TimedBody> Record(const std::vector<Issue>& all);

 private:
  explicit BenchGpu(std::unique_ptr<Device> device)
      : device_(std::move(device)), cuda_(AsCuda(*device_)) {}

  const std::unique_ptr<Device> device_;
  CudaDevice* const cuda_;
};

}  // namespace basisbench
