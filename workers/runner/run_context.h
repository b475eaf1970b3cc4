// SPDX-License-Identifier: Apache-2.0
// What a rank works with during an attempt. Owned by the rank's main function; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/result.pb.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"
#include "workers/measure/cache.h"
#include "workers/measure/energy.h"
#include "workers/measure/timer.h"
#include "workers/runner/gpu_measuring.h"
#include "workers/runner/host_shards.h"
#include "workers/runner/reporter.h"

namespace basisbench {

// Ranks as threads of one process; backends.h has the others.
inline constexpr char kLocalBackend[] = "cpu_local";

struct RunContext {
  Communicator& world;  // of host memory: what ranks tell each other
  Device& device;
  Reporter& reporter;
  std::string backend;
  std::string worker;
  int64_t memory_bytes = 0;                      // this rank may allocate; 0: no limit
  bool first_on_host = false;                    // reads the host's energy counters
  std::map<std::string, std::string> libraries;  // beside those of the device
  // Of the same ranks, for the device's memory, which the host cannot reach; null where it can, and
  // plans move their data through `world`, too.
  std::unique_ptr<Communicator> device_world;
  std::unique_ptr<GpuMeasuring> gpu;  // null on the CPU

  // Filled by RunAssignment.
  TimerProperties timer;
  std::vector<double> clock_offsets;      // per rank: its steady clock minus rank 0's (seconds)
  v1::Environment environment;            // of all ranks; on rank 0
  std::map<Dtype, v1::Roofs> roofs;       // measured so far; on rank 0
  std::unique_ptr<CacheFlusher> flusher;  // once a cold case was met
  std::optional<uint32_t> last_case;      // whose iteration ran last: its operands are in the cache

  bool is_root() const { return world.rank() == 0; }
  // What plans move their data through.
  Communicator& movement() const { return device_world == nullptr ? world : *device_world; }
  HostShards shards() const { return {device, device_world == nullptr}; }
};

}  // namespace basisbench
