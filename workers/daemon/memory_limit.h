// SPDX-License-Identifier: Apache-2.0
// What the control group allows this process, and whether the kernel has killed for memory. Reads
// /proc and /sys/fs/cgroup at each call; absent files mean "no limit" and "no kill". Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace basisbench {

struct KernelPaths {
  std::string proc = "/proc";
  std::string cgroup = "/sys/fs/cgroup";
};

// Bytes this process and its children may use: the smaller of the machine's memory and every
// control group above it.
int64_t UsableMemoryBytes(const KernelPaths& paths = {});

// CPUs' worth of time the control group grants; nullopt without a quota.
std::optional<double> CpuQuota(const KernelPaths& paths = {});

// Processes the kernel has killed for memory so far: of this control group where it counts them, of
// the machine otherwise. Only differences mean anything.
uint64_t OutOfMemoryKills(const KernelPaths& paths = {});

}  // namespace basisbench
