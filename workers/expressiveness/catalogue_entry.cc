// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/catalogue_entry.h"

#include <numeric>

#include "absl/status/status.h"

namespace basisbench {

FamilyRequest WithDefaults(const CatalogueEntry& entry, int64_t n,
                           const std::map<std::string, std::string>& parameters) {
  FamilyRequest request{entry.name, n, {}};
  for (const FamilyParameter& parameter : entry.parameters) {
    const auto given = parameters.find(parameter.name);
    request.parameters[parameter.name] =
        given != parameters.end() ? given->second : parameter.default_value(n);
  }
  return request;
}

std::vector<int64_t> EveryRank(int64_t n) {
  std::vector<int64_t> out(n);
  std::iota(out.begin(), out.end(), 1);
  return out;
}

std::vector<int64_t> DivisorsOf(int64_t n) {
  std::vector<int64_t> out;
  for (int64_t d = 1; d <= n; ++d)
    if (n % d == 0) out.push_back(d);
  return out;
}

absl::Status CheckDivides(const FamilyRequest& request, const std::string& parameter) {
  if (request.n % request.Integer(parameter) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(request.name, ": ", parameter, " = ",
                                                 request.Integer(parameter),
                                                 " does not divide n = ", request.n));
}

absl::Status CheckAtMost(const FamilyRequest& request, const std::string& parameter,
                         int64_t limit) {
  if (request.Integer(parameter) <= limit) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(request.name, ": ", parameter, " = ",
                                                 request.Integer(parameter), " is above ", limit,
                                                 " at n = ", request.n));
}

}  // namespace basisbench
