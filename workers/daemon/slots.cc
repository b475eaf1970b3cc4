// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/slots.h"

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

std::vector<std::vector<uint32_t>> DivideCpus(const std::vector<uint32_t>& cpus, uint32_t parts) {
  std::vector<std::vector<uint32_t>> divided(parts);
  for (size_t part = 0; part < parts && !cpus.empty(); ++part) {
    const size_t begin = part * cpus.size() / parts;
    const size_t end = std::max(begin + 1, (part + 1) * cpus.size() / parts);
    divided[part] = {cpus.begin() + static_cast<ptrdiff_t>(begin),
                     cpus.begin() + static_cast<ptrdiff_t>(end)};
  }
  return divided;
}

std::vector<Slot> CpuSlots(const std::vector<uint32_t>& cpus, uint32_t slots,
                           int64_t memory_bytes) {
  std::vector<Slot> made;
  for (std::vector<uint32_t>& part : DivideCpus(cpus, slots))
    made.push_back({std::move(part), "", memory_bytes / slots});
  return made;
}

SlotTable::SlotTable(std::vector<Slot> slots)
    : slots_(std::move(slots)), taken_(slots_.size(), false) {}

uint32_t SlotTable::free() const {
  return static_cast<uint32_t>(std::count(taken_.begin(), taken_.end(), false));
}

absl::StatusOr<std::vector<uint32_t>> SlotTable::Take(uint32_t count) {
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

void SlotTable::Give(const std::vector<uint32_t>& slots) {
  for (const uint32_t slot : slots) taken_[slot] = false;
}

}  // namespace basisbench
