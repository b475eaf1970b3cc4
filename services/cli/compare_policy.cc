// SPDX-License-Identifier: Apache-2.0
#include "services/cli/compare_policy.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/derived.h"
#include "services/cli/spec_text.h"

namespace basisbench {

absl::StatusOr<FailPolicy> ParseFailPolicy(const std::string& text) {
  FailPolicy policy;
  const std::map<std::string, bool*> words = {{"slower", &policy.slower},
                                              {"ambiguous", &policy.ambiguous},
                                              {"invalid", &policy.invalid},
                                              {"missing", &policy.missing}};
  BB_ASSIGN_OR_RETURN(const auto parts, SplitList(text));
  for (const std::string& part : parts) {
    const auto found = words.find(part);
    if (found == words.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", part, "' is none of slower, ambiguous, invalid, missing"));
    }
    *found->second = true;
  }
  return policy;
}

int ExitCodeForComparison(const Comparison& comparison, const FailPolicy& policy) {
  const bool broke =
      std::any_of(comparison.pairs.begin(), comparison.pairs.end(), [](const Compared& pair) {
        return Derive(pair.first).rankable && !Derive(pair.second).rankable;
      });
  if (policy.invalid && broke) return kExitVerificationFailed;
  const bool failed = (policy.slower && comparison.Count("SLOWER") > 0) ||
                      (policy.ambiguous && comparison.Count("AMBIGUOUS") > 0) ||
                      (policy.missing && !comparison.only_first.empty());
  return failed ? kExitRegression : kExitOk;
}

}  // namespace basisbench
