// SPDX-License-Identifier: Apache-2.0
// What measuring on a GPU needs beside the device: its clock, its cache, and what it tells about
// itself. Made once by a rank that computes on a GPU; belongs to its thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/result.pb.h"
#include "workers/devices/device.h"
#include "workers/devices/nvml/gpu_readings.h"
#include "workers/measure/device_cache.h"
#include "workers/measure/gpu_sampler.h"
#include "workers/measure/gpu_stream.h"

namespace basisbench {

struct GpuMeasuring {
  std::string uuid;
  int64_t cache_bytes = 0;  // level 2
  std::unique_ptr<GpuStream> stream;
  double event_overhead_seconds = 0;
  std::optional<DeviceCacheFlusher> flusher;  // once a cold case was met

  std::unique_ptr<NvmlApi> nvml;  // null without a driver's library
  // Of this GPU, or why there are none.
  absl::StatusOr<GpuReadings> readings = absl::UnavailableError("NVML was not asked");

  v1::GpuConditions conditions;       // of the cases that are being sampled
  std::optional<GpuSampler> sampler;  // while they are
};

// `device` is a GPU's and outlives it; `uuid` as assigned. UNIMPLEMENTED in a build without CUDA,
// INVALID_ARGUMENT for a device of another kind. What NVML cannot tell is no error.
absl::StatusOr<std::unique_ptr<GpuMeasuring>> MakeGpuMeasuring(Device& device,
                                                               const std::string& uuid);

// Every product that the device was given so far, and the algorithm it took; none on a CPU.
std::vector<std::pair<std::string, std::string>> ProductChoices(Device& device);

// Fills nvml and readings.
void OpenReadings(absl::StatusOr<std::unique_ptr<NvmlApi>> nvml, GpuMeasuring* gpu);

// What is known before anything is measured.
v1::GpuConditions DescribeGpu(const GpuMeasuring& gpu);

// Takes the temperature and starts the sampler; ends it, and tells everything that was seen.
void BeginWatching(GpuMeasuring& gpu);
v1::GpuConditions EndWatching(GpuMeasuring& gpu);

}  // namespace basisbench
