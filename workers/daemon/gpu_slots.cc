// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/gpu_slots.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace basisbench {
namespace {

std::string NamesOf(const std::vector<v1::GpuInfo>& gpus) {
  return absl::StrJoin(gpus, ", ", [](std::string* out, const v1::GpuInfo& gpu) {
    absl::StrAppend(out, gpu.index(), " ", gpu.uuid());
  });
}

std::vector<v1::GpuInfo> MeantBy(const std::string& entry, const std::vector<v1::GpuInfo>& gpus) {
  uint32_t number = 0;
  const bool numbered = absl::SimpleAtoi(entry, &number);
  std::vector<v1::GpuInfo> meant;
  for (const v1::GpuInfo& gpu : gpus) {
    const bool named = !numbered && !entry.empty() && absl::StartsWith(gpu.uuid(), entry);
    if (named || (numbered && gpu.index() == number)) meant.push_back(gpu);
  }
  return meant;
}

absl::Status Wrong(const std::string& entry, const std::string& why,
                   const std::vector<v1::GpuInfo>& gpus) {
  return absl::InvalidArgumentError(
      absl::StrCat("CUDA_VISIBLE_DEVICES: '", entry, "' ", why, "; this node has ", NamesOf(gpus)));
}

}  // namespace

absl::StatusOr<std::vector<v1::GpuInfo>> VisibleGpus(
    const std::vector<v1::GpuInfo>& gpus, const std::optional<std::string>& cuda_visible_devices) {
  if (!cuda_visible_devices.has_value()) return gpus;
  std::vector<v1::GpuInfo> visible;
  std::set<std::string> seen;
  for (const absl::string_view part :
       absl::StrSplit(*cuda_visible_devices, ',', absl::SkipWhitespace())) {
    const std::string entry(absl::StripAsciiWhitespace(part));
    if (entry == "-1") break;
    const std::vector<v1::GpuInfo> meant = MeantBy(entry, gpus);
    if (meant.empty()) return Wrong(entry, "is no GPU", gpus);
    const bool numbered = absl::ascii_isdigit(static_cast<unsigned char>(entry[0]));
    if (meant.size() > 1 && !numbered) return Wrong(entry, "is the beginning of several", gpus);
    for (const v1::GpuInfo& gpu : meant) {
      if (!seen.insert(gpu.uuid()).second) return Wrong(entry, "is there twice", gpus);
      visible.push_back(gpu);
    }
  }
  return visible;
}

std::vector<uint32_t> CpusNear(const v1::GpuInfo& gpu, const std::string& root) {
  if (gpu.pci_bus_id().empty()) return {};
  std::string list;
  std::ifstream(absl::StrCat(root, "/sys/bus/pci/devices/", gpu.pci_bus_id(), "/local_cpulist")) >>
      list;
  return ParseCpuList(list).value_or(std::vector<uint32_t>());
}

std::vector<Slot> GpuSlots(const std::vector<v1::GpuInfo>& gpus, uint32_t slots,
                           const std::vector<uint32_t>& cpus, const std::string& root) {
  if (gpus.empty()) return {};
  std::vector<std::vector<uint32_t>> sides;  // of each GPU
  for (const v1::GpuInfo& gpu : gpus) {
    std::vector<uint32_t>& side = sides.emplace_back();
    const std::vector<uint32_t> near = CpusNear(gpu, root);
    for (const uint32_t cpu : cpus) {
      if (std::find(near.begin(), near.end(), cpu) != near.end()) side.push_back(cpu);
    }
    if (side.empty()) side = cpus;
  }
  std::vector<Slot> made(slots);
  std::vector<int64_t> ranks_on(gpus.size(), 0);
  std::map<std::vector<uint32_t>, std::vector<Slot*>> neighbours;  // by the CPUs they are near to
  for (uint32_t slot = 0; slot < slots; ++slot) {
    const size_t gpu = slot % gpus.size();
    made[slot].gpu = gpus[gpu].uuid();
    ++ranks_on[gpu];
    neighbours[sides[gpu]].push_back(&made[slot]);
  }
  for (const auto& [side, near_it] : neighbours) {
    std::vector<std::vector<uint32_t>> parts =
        DivideCpus(side, static_cast<uint32_t>(near_it.size()));
    for (size_t i = 0; i < near_it.size(); ++i) near_it[i]->cpus = std::move(parts[i]);
  }
  for (uint32_t slot = 0; slot < slots; ++slot) {
    const size_t gpu = slot % gpus.size();
    made[slot].memory_bytes = gpus[gpu].memory_bytes() / ranks_on[gpu];
  }
  return made;
}

}  // namespace basisbench
