// SPDX-License-Identifier: Apache-2.0
#include "services/cli/units.h"

#include <array>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace basisbench {
namespace {

struct Unit {
  double factor;
  const char* name;
};

constexpr std::array<Unit, 4> kSeconds = {{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}}};
constexpr std::array<Unit, 5> kJoules = {
    {{1e3, "kJ"}, {1, "J"}, {1e-3, "mJ"}, {1e-6, "µJ"}, {1e-9, "nJ"}}};
constexpr std::array<Unit, 6> kFlops = {{{1e15, "PFLOP/s"},
                                         {1e12, "TFLOP/s"},
                                         {1e9, "GFLOP/s"},
                                         {1e6, "MFLOP/s"},
                                         {1e3, "kFLOP/s"},
                                         {1, "FLOP/s"}}};
constexpr std::array<Unit, 5> kBytes = {{{1099511627776.0, "TiB"},
                                         {1073741824.0, "GiB"},
                                         {1048576.0, "MiB"},
                                         {1024.0, "KiB"},
                                         {1, "B"}}};

// The largest unit that leaves at least 1; the smallest one otherwise.
template <size_t N>
Unit Choose(const std::array<Unit, N>& units, double value) {
  for (const Unit& unit : units) {
    // 0.9995 rounds up to 1.00 of the unit.
    if (std::abs(value) >= unit.factor * 0.9995) return unit;
  }
  return units.back();
}

std::string Significant(double value) {
  const double magnitude = std::abs(value);
  if (magnitude >= 99.95 || magnitude == 0) return absl::StrFormat("%.0f", value);
  if (magnitude >= 9.995) return absl::StrFormat("%.1f", value);
  return absl::StrFormat("%.2f", value);
}

template <size_t N>
std::string With(const std::array<Unit, N>& units, double value) {
  const Unit unit = Choose(units, value);
  return absl::StrCat(Significant(value / unit.factor), " ", unit.name);
}

}  // namespace

std::string HumanSeconds(double seconds) { return With(kSeconds, seconds); }
std::string HumanFlopRate(double flops_per_second) { return With(kFlops, flops_per_second); }
std::string HumanBytes(double bytes) {
  if (std::abs(bytes) < 1024) return absl::StrFormat("%.0f B", bytes);
  return With(kBytes, bytes);
}
std::string HumanByteRate(double bytes_per_second) {
  return absl::StrCat(HumanBytes(bytes_per_second), "/s");
}
std::string HumanJoules(double joules) { return With(kJoules, joules); }
std::string HumanPercent(double fraction) { return absl::StrFormat("%.1f %%", fraction * 100); }
std::string HumanError(double relative_error) { return absl::StrFormat("%.1e", relative_error); }
std::string HumanRatio(double ratio) { return absl::StrCat(Significant(ratio), "x"); }

std::string HumanInterval(double middle, double low, double high) {
  const Unit unit = Choose(kSeconds, middle);
  return absl::StrCat(Significant(middle / unit.factor), " ", unit.name, " [",
                      Significant(low / unit.factor), ", ", Significant(high / unit.factor), "]");
}

std::string HumanEta(double seconds) {
  const auto total = static_cast<int64_t>(std::llround(std::max(0.0, std::min(seconds, 1e9))));
  if (total >= 3600) {
    return absl::StrFormat("%d:%02d:%02d", total / 3600, total / 60 % 60, total % 60);
  }
  return absl::StrFormat("%d:%02d", total / 60, total % 60);
}

std::string IsoTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

std::string IsoTimeExact(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ",
                          absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()),
                          absl::UTCTimeZone());
}

double SecondsBetween(const google::protobuf::Timestamp& from,
                      const google::protobuf::Timestamp& to) {
  return static_cast<double>(to.seconds() - from.seconds()) + (to.nanos() - from.nanos()) * 1e-9;
}

}  // namespace basisbench
