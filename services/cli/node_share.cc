// SPDX-License-Identifier: Apache-2.0
#include "services/cli/node_share.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace basisbench {
namespace {

int64_t UsableMemory() {
  int64_t bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  // "max" fails to parse and leaves the machine's memory.
  int64_t limit = 0;
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> limit && limit > 0) {
    bytes = std::min(bytes, limit);
  }
  return bytes;
}

}  // namespace

NodeShare DivideNode(const NodeShare& whole, uint32_t index, uint32_t count) {
  NodeShare share;
  share.memory_bytes = whole.memory_bytes / count;
  const size_t cpus = whole.cpus.size();
  if (cpus < count) {
    if (cpus > 0) share.cpus.push_back(whole.cpus[index % cpus]);
    return share;
  }
  for (size_t i = index * cpus / count; i < (index + 1) * cpus / count; ++i) {
    share.cpus.push_back(whole.cpus[i]);
  }
  return share;
}

NodeShare ShareOfNode(uint32_t index, uint32_t count) {
  NodeShare whole;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    for (uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &allowed)) whole.cpus.push_back(cpu);
    }
  }
  whole.memory_bytes = UsableMemory();
  return DivideNode(whole, index, count);
}

}  // namespace basisbench
