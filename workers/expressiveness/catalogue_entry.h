// SPDX-License-Identifier: Apache-2.0
// One row of the catalogue of families: its name and parameters as operators call them, and how it
// is made.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "workers/expressiveness/family.h"

namespace basisbench {

struct FamilyParameter {
  std::string name;
  // Value at size n when none is given.
  std::function<std::string(int64_t n)> default_value;
  // Allowed words; empty for an integer of at least `minimum`.
  std::vector<std::string> choices;
  int64_t minimum = 1;
};

struct CatalogueEntry {
  std::string name;
  std::vector<FamilyParameter> parameters;
  // INVALID_ARGUMENT naming the parameter and the value when it does not fit n.
  std::function<absl::StatusOr<Family>(const FamilyRequest&)> make;
  // The parameter that makes members larger or smaller, and its values worth trying at size n;
  // empty when the size is fixed.
  std::string size_parameter;
  std::function<std::vector<int64_t>(int64_t n)> sizes;
};

// A numeric parameter whose default is a function of n.
inline FamilyParameter NumberParameter(std::string name,
                                       std::function<int64_t(int64_t n)> default_value) {
  return {
      std::move(name), [default_value](int64_t n) { return absl::StrCat(default_value(n)); }, {}};
}
// A parameter that is one of several words, the first by default.
inline FamilyParameter ChoiceParameter(std::string name, std::vector<std::string> choices) {
  const std::string first = choices.front();
  return {std::move(name), [first](int64_t) { return first; }, std::move(choices)};
}

// A request with the parameters given, and the defaults of the others.
FamilyRequest WithDefaults(const CatalogueEntry& entry, int64_t n,
                           const std::map<std::string, std::string>& parameters);

// 1, 2, ..., n and the divisors of n, as sizes to try.
std::vector<int64_t> EveryRank(int64_t n);
std::vector<int64_t> DivisorsOf(int64_t n);

// INVALID_ARGUMENT naming the family, the parameter and the value, unless it divides n.
absl::Status CheckDivides(const FamilyRequest& request, const std::string& parameter);
// INVALID_ARGUMENT naming the family, the parameter and the value, unless it is at most `limit`.
absl::Status CheckAtMost(const FamilyRequest& request, const std::string& parameter, int64_t limit);

}  // namespace basisbench
