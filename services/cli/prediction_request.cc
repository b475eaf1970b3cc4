// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_request.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/base/status_macros.h"
#include "services/cli/compare_identity.h"
#include "services/cli/derived.h"
#include "services/cli/spec_text.h"

namespace basisbench {

absl::StatusOr<std::vector<uint32_t>> ParseRanks(const std::string& text) {
  BB_ASSIGN_OR_RETURN(const auto parts, SplitList(text));
  std::vector<uint32_t> ranks;
  for (const std::string& part : parts) {
    uint32_t number = 0;
    if (!absl::SimpleAtoi(part, &number) || number == 0) {
      return absl::InvalidArgumentError(absl::StrCat("'", part, "' is not a number of ranks"));
    }
    ranks.push_back(number);
  }
  return ranks;
}

std::string PlaceOf(const v1::Case& c) {
  return absl::StrReplaceAll(c.comparison_group(), {{absl::StrCat(" r", c.ranks(), " "), " "}});
}

std::vector<v1::Case> CasesAt(absl::Span<const v1::CaseResult> records,
                              const std::vector<uint32_t>& ranks) {
  std::vector<v1::Case> cases;
  std::map<std::string, size_t> places;  // in the order of their first record
  std::set<std::string> seen;
  for (const v1::CaseResult& record : records) {
    if (!Derive(record).rankable) continue;
    const std::string place = PlaceOf(record.case_());
    places.try_emplace(place, places.size());
    for (const uint32_t world : ranks) {
      v1::Case asked = record.case_();
      asked.set_ranks(world);
      asked.clear_grid();
      asked.set_comparison_group(place);
      if (seen.insert(CaseIdentity(asked)).second) cases.push_back(std::move(asked));
    }
  }
  std::stable_sort(cases.begin(), cases.end(), [&](const v1::Case& a, const v1::Case& b) {
    return std::make_pair(places[a.comparison_group()], a.ranks()) <
           std::make_pair(places[b.comparison_group()], b.ranks());
  });
  return cases;
}

v1::SubmitJobRequest CostRequest(const v1::Case& c) {
  v1::SubmitJobRequest request;
  request.set_validate_only(true);
  v1::JobSpec& spec = *request.mutable_spec();
  *spec.add_operators() = c.operator_();
  *spec.add_shapes() = c.shape();
  spec.add_dtypes(c.dtype());
  if (!c.sharding().empty()) spec.add_shardings(c.sharding());
  spec.add_ranks(c.ranks());
  if (!c.direction().empty()) spec.add_directions(c.direction());
  if (!c.cache().empty()) spec.add_caches(c.cache());
  spec.set_input(c.input());
  spec.set_backend(c.backend());
  spec.set_no_baseline(true);
  return request;
}

std::string ShortRefusal(const std::string& message) {
  for (const std::string place : {" ranks: ", " rank: "}) {
    const size_t at = message.find(place);
    if (at != std::string::npos) return message.substr(at + place.size());
  }
  return message;
}

}  // namespace basisbench
