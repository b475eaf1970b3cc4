// SPDX-License-Identifier: Apache-2.0
// The change-of-basis score of a family at one size: how much of each target's energy its closest
// member captures, and the means over targets. Deterministic; thread-safe. The steps are apart so
// that several processes can share the targets:
//   ResolveFamily -> FitTarget for each target -> Summarise.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "workers/expressiveness/family.h"
#include "workers/expressiveness/targets.h"

namespace basisbench {

// A family with every parameter chosen, at one size. A value.
struct FamilyInfo {
  FamilyRequest request;  // name, n and complete parameters
  std::string text;       // "monarch{blocks=16,depth=1}"
  std::string method;     // how the reported members are found
  int64_t parameters = 0;
  std::optional<int64_t> degrees_of_freedom;
  double flops_fraction = 0;  // of one application, over the 2 n^2 of a dense product
  // One fit tells all: the family is a bilinear map, scored for white inputs.
  bool same_for_every_target = false;
};

struct TargetFit {
  std::string target;
  double captured = 0;  // in the operator's own index order, 0 to 1
  // The best over the orders of orders.h for outputs and inputs, and the pair that won, "W,I";
  // absent and empty unless asked for.
  std::optional<double> captured_canon;
  std::string canon_orders;
};

struct Score {
  FamilyInfo family;
  std::vector<TargetFit> targets;
  // Means over those of the targets that were fitted; absent when there are none.
  std::optional<double> mean, arbitrary, fast;
  // arbitrary over parameters / n^2, and over the FLOPs fraction; absent without parameters, FLOPs
  // or arbitrary targets.
  std::optional<double> gain_per_parameter, gain_per_flop;
};

// Fills in and checks parameters. INVALID_ARGUMENT naming an unknown family or parameter, a wrong
// value or a wrong n; UNIMPLEMENTED with the reason for operators that are no fixed set of
// matrices. The parameters `axis`, `init` and `seed` of operators are accepted: they do not change
// what kind of set it is.
absl::StatusOr<FamilyInfo> ResolveFamily(absl::string_view name,
                                         const std::map<std::string, std::string>& parameters,
                                         int64_t n);

// The family itself, to ask for members. Errors of ResolveFamily.
absl::StatusOr<Family> MakeResolved(const FamilyInfo& family);

// One fit, or 17 with canonical orders. INVALID_ARGUMENT when the sizes differ; the errors of
// lapack.h.
absl::StatusOr<TargetFit> FitTarget(const FamilyInfo& family, const Target& target, bool canon);

// The last two steps, for targets made once.
absl::StatusOr<Score> ScoreFamily(const FamilyInfo& family, absl::Span<const Target> targets,
                                  bool canon);

// Fits in any order, from anywhere.
Score Summarise(FamilyInfo family, std::vector<TargetFit> fits);

}  // namespace basisbench
