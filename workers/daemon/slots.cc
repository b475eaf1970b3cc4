// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/cpu_slots.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace basisbench {
namespace {

constexpr uint32_t kMaxCpu = 65535;

}  // namespace

absl::StatusOr<std::vector<uint32_t>> ParseCpuList(const std::string& text) {
  std::vector<uint32_t> cpus;
  for (const absl::string_view range : absl::StrSplit(text, ',')) {
    const std::string part(range);
    const std::vector<std::string> ends = absl::StrSplit(part, '-');
    uint32_t first = 0;
    uint32_t last = 0;
    const bool well_formed = ends.size() <= 2 && absl::SimpleAtoi(ends.front(), &first) &&
                             absl::SimpleAtoi(ends.back(), &last) && first <= last &&
                             last <= kMaxCpu;
    if (!well_formed) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", part, "' in the CPU list '", text, "' is no CPU or range"));
    }
    for (uint32_t cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

CpuSlots::CpuSlots(std::vector<uint32_t> cpus, uint32_t slots)
    : cpus_(std::move(cpus)), taken_(slots, false) {}

uint32_t CpuSlots::free() const {
  return static_cast<uint32_t>(std::count(taken_.begin(), taken_.end(), false));
}

absl::StatusOr<std::vector<uint32_t>> CpuSlots::Take(uint32_t count) {
  if (count == 0 || count > free()) {
    return absl::ResourceExhaustedError(
        absl::StrCat(count, " slots are wanted, ", free(), " of ", total(), " are free"));
  }
  std::vector<uint32_t> slots;
  for (uint32_t slot = 0; slot < total() && slots.size() < count; ++slot) {
    if (taken_[slot]) continue;
    taken_[slot] = true;
    slots.push_back(slot);
  }
  return slots;
}

void CpuSlots::Give(const std::vector<uint32_t>& slots) {
  for (const uint32_t slot : slots) taken_[slot] = false;
}

std::vector<uint32_t> CpuSlots::CpusOf(uint32_t slot) const {
  if (cpus_.empty() || slot >= total()) return {};
  const size_t begin = slot * cpus_.size() / total();
  const size_t end = std::max(begin + 1, (slot + 1) * cpus_.size() / total());
  return {cpus_.begin() + static_cast<ptrdiff_t>(begin),
          cpus_.begin() + static_cast<ptrdiff_t>(end)};
}

}  // namespace basisbench
