// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_network.h"

#include <map>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

const std::map<std::string, double>& BytesOf() {
  static const auto& units =
      *new std::map<std::string, double>{{"B", 1},         {"kB", 1e3},
                                         {"MB", 1e6},      {"GB", 1e9},
                                         {"TB", 1e12},     {"KiB", 1024},
                                         {"MiB", 1048576}, {"GiB", 1073741824},
                                         {"bit", 0.125},   {"kbit", 125},
                                         {"Mbit", 125e3},  {"Gbit", 125e6},
                                         {"Tbit", 125e9},  {"TiB", 1099511627776.0}};
  return units;
}

absl::StatusOr<double> ParseBandwidth(const std::string& text) {
  const auto wrong = [&](const std::string& why) {
    return absl::InvalidArgumentError(absl::StrCat("bandwidth '", text, "' ", why));
  };
  const size_t unit_at = text.find_first_not_of("0123456789.eE+-");
  if (unit_at == std::string::npos) return wrong("has no unit; expected e.g. 25GB/s");
  double number = 0;
  if (!absl::SimpleAtod(text.substr(0, unit_at), &number) || !(number > 0 && number < 1e30)) {
    return wrong("is not a number above 0 with a unit; expected e.g. 25GB/s");
  }
  std::string unit(absl::StripAsciiWhitespace(text.substr(unit_at)));
  if (!absl::EndsWith(unit, "/s")) return wrong("does not end in /s");
  unit.resize(unit.size() - 2);
  const auto found = BytesOf().find(unit);
  if (found == BytesOf().end()) {
    return wrong(
        absl::StrCat("has no known unit; have: ",
                     absl::StrJoin(BytesOf(), ", ", [](std::string* out, const auto& entry) {
                       absl::StrAppend(out, entry.first, "/s");
                     })));
  }
  return number * found->second;
}

absl::StatusOr<double> ParseLatency(const std::string& text) {
  absl::Duration latency;
  if (absl::ParseDuration(text, &latency) && latency >= absl::ZeroDuration() &&
      latency < absl::InfiniteDuration()) {
    return absl::ToDoubleSeconds(latency);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("latency '", text, "' is not a time from 0 on; expected e.g. 2us"));
}

}  // namespace

absl::StatusOr<LinkCost> ParseNetwork(const std::string& text) {
  std::optional<double> latency, bandwidth;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    const std::string key(absl::StripAsciiWhitespace(pair[0]));
    std::optional<double>* value = key == "latency"     ? &latency
                                   : key == "bandwidth" ? &bandwidth
                                                        : nullptr;
    if (value == nullptr || pair.size() != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", part, "' is neither latency=... nor bandwidth=..."));
    }
    if (value->has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("'", key, "' is there twice"));
    }
    const std::string given(absl::StripAsciiWhitespace(pair[1]));
    BB_ASSIGN_OR_RETURN(*value, key == "latency" ? ParseLatency(given) : ParseBandwidth(given));
  }
  if (!latency || !bandwidth) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", text, "' lacks ", latency ? "bandwidth" : "latency", "; both are needed"));
  }
  return LinkCost{.seconds_per_message = *latency, .seconds_per_byte = 1 / *bandwidth};
}

}  // namespace basisbench
