// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/inventory.h"

#include <hwloc.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/daemon/memory_limit.h"

namespace basisbench {
namespace {

using Topology = std::unique_ptr<hwloc_topology, void (*)(hwloc_topology*)>;

absl::StatusOr<Topology> LoadTopology() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return absl::InternalError("hwloc_topology_init failed");
  Topology topology(raw, hwloc_topology_destroy);
  if (hwloc_topology_load(raw) != 0) return absl::InternalError("hwloc_topology_load failed");
  return topology;
}

std::string CpuModel(hwloc_topology* topology) {
  for (hwloc_obj_t object = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
       object != nullptr; object = object->parent) {
    if (const char* model = hwloc_obj_get_info_by_name(object, "CPUModel"); model != nullptr)
      return model;
  }
  return "unknown";
}

// Of one cache, not of all of its level together.
int64_t LastLevelCacheBytes(hwloc_topology* topology) {
  for (const hwloc_obj_type_t type : {HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L1CACHE}) {
    const hwloc_obj_t cache = hwloc_get_obj_by_type(topology, type, 0);
    if (cache != nullptr && cache->attr != nullptr)
      return static_cast<int64_t>(cache->attr->cache.size);
  }
  return 0;
}

std::vector<uint32_t> AllowedCpus(hwloc_topology* topology) {
  std::vector<uint32_t> cpus;
  const std::unique_ptr<hwloc_bitmap_s, void (*)(hwloc_bitmap_s*)> bound(hwloc_bitmap_alloc(),
                                                                         hwloc_bitmap_free);
  const bool known = hwloc_get_cpubind(topology, bound.get(), HWLOC_CPUBIND_PROCESS) == 0;
  for (hwloc_obj_t unit = nullptr;
       (unit = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, unit)) != nullptr;) {
    if (!known || hwloc_bitmap_isset(bound.get(), unit->os_index)) cpus.push_back(unit->os_index);
  }
  std::sort(cpus.begin(), cpus.end());
  return cpus;
}

std::string HostName() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

}  // namespace

absl::StatusOr<v1::Inventory> ReadInventory(const InventoryOptions& options) {
  BB_ASSIGN_OR_RETURN(const Topology topology, LoadTopology());
  const std::vector<uint32_t> allowed = AllowedCpus(topology.get());
  for (const uint32_t cpu : options.cpus) {
    if (!std::binary_search(allowed.begin(), allowed.end(), cpu)) {
      return absl::InvalidArgumentError(absl::StrCat("CPU ", cpu, " is not among the ",
                                                     allowed.size(), " CPUs this process may use"));
    }
  }
  v1::Inventory inventory;
  inventory.set_hostname(HostName());
  inventory.set_cpu_model(CpuModel(topology.get()));
  for (const uint32_t cpu : options.cpus.empty() ? allowed : options.cpus) inventory.add_cpus(cpu);
  inventory.set_numa_nodes(static_cast<uint32_t>(
      std::max(1, hwloc_get_nbobjs_by_type(topology.get(), HWLOC_OBJ_NUMANODE))));
  const int64_t usable = UsableMemoryBytes();
  inventory.set_memory_bytes(options.memory_bytes > 0 ? std::min(options.memory_bytes, usable)
                                                      : usable);
  inventory.set_last_level_cache_bytes(LastLevelCacheBytes(topology.get()));
  return inventory;
}

uint32_t DefaultSlots(const v1::Inventory& inventory) {
  const uint32_t cpus = std::max(1, inventory.cpus_size());
  const auto quota = CpuQuota();
  if (!quota || *quota >= cpus) return cpus;
  return std::max(1u, static_cast<uint32_t>(*quota));
}

}  // namespace basisbench
