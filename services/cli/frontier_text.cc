// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

std::string Size(double size) {
  return size < 100 ? absl::StrFormat("%.3g", size) : absl::StrFormat("%.0f", size);
}

std::string IntervalText(const Crossover& c) {
  if (!c.has_interval) return "";
  const std::string low = c.low ? Size(*c.low) : absl::StrCat("<=", Size(c.smallest));
  const std::string high = c.high ? Size(*c.high) : absl::StrCat(">", Size(c.largest));
  return absl::StrCat(" [", low, ", ", high, "]");
}

std::string HumanCount(double value, const std::string& unit) {
  constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P"};
  size_t i = 0;
  for (; value >= 1000 && i + 1 < std::size(kPrefixes); ++i) value /= 1000;
  return absl::StrFormat("%.3g %s%s", value, kPrefixes[i], unit);
}

}  // namespace

std::string CrossoverText(const FrontierCrossover& found) {
  const Crossover& c = found.crossover;
  const std::string& along = found.along;
  const std::string last = c.changes > 1 ? ", the last of several changes" : "";
  switch (c.kind) {
    case CrossoverKind::kAlways:
      return absl::StrCat("faster at every ", along, " from ", Size(c.smallest), " to ",
                          Size(c.largest));
    case CrossoverKind::kNever:
      return absl::StrCat("not reached in this sweep (", along, " up to ", Size(c.largest), ")");
    case CrossoverKind::kFrom:
      return absl::StrCat("faster from ", along, " = ", Size(*c.at), IntervalText(c), last);
    case CrossoverKind::kUntil:
      return absl::StrCat("faster only up to ", along, " = ", Size(*c.at), IntervalText(c), last);
    case CrossoverKind::kTooFew:
      break;
  }
  return absl::StrCat("measured at one ", along, " only");
}

std::string CostText(Axis axis, double value) {
  switch (axis) {
    case Axis::kSeconds:
      return HumanSeconds(value);
    case Axis::kFlops:
      return HumanCount(value, "FLOP");
    case Axis::kMemory:
    case Axis::kWire:
      return HumanBytes(value);
    case Axis::kJoules:
      break;
  }
  return HumanJoules(value);
}

std::string AxisTitle(Axis axis, const std::string& memory_basis) {
  switch (axis) {
    case Axis::kSeconds:
      return "time";
    case Axis::kFlops:
      return "executed FLOPs";
    case Axis::kMemory:
      return absl::StrCat("memory traffic (", memory_basis, ")");
    case Axis::kWire:
      return "wire bytes";
    case Axis::kJoules:
      break;
  }
  return "energy";
}

}  // namespace basisbench
