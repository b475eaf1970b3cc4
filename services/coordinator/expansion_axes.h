// SPDX-License-Identifier: Apache-2.0
// The two axes of a sweep that need looking up: which operators run, with which parameters and
// shardings, and at which places. Pure; used by Expand.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/job.pb.h"
#include "services/coordinator/catalogue.h"
#include "services/coordinator/presets.h"

namespace basisbench {

// An operator of the specification joined with what the catalogue says of it.
struct ChosenOperator {
  v1::OperatorSpec spec;  // default parameters filled in
  const v1::OperatorInfo* info = nullptr;
  std::vector<std::string> shardings;
  int index = -1;  // into spec.operators; -1 for the added baseline

  bool MixesTokens() const { return info->axis() != "channel"; }
};

// INVALID_ARGUMENT naming the field: unknown operator, parameter, dtype, direction or sharding.
absl::StatusOr<std::vector<ChosenOperator>> ChooseOperators(const v1::JobSpec& spec,
                                                            const Catalogue& catalogue);

// The dense MatMul for groups that have none; INVALID_ARGUMENT when no worker offers it.
absl::StatusOr<ChosenOperator> ChooseBaseline(const v1::JobSpec& spec, const Catalogue& catalogue);

// Somewhere an operator can stand.
struct Place {
  v1::Shape shape;
  v1::Shape
      dense_shape;   // what the MatMul baseline computes instead: differs where tokens are mixed
  std::string site;  // empty for an explicit shape
  std::string name;  // for comparison groups: "up", "1024x768x768"
  double calls_per_layer = 0;
  double calls_per_model = 0;
};

struct Places {
  std::vector<Place> channel;
  std::vector<Place> token;
};

// INVALID_ARGUMENT naming the field: unknown preset or site, or an operator that fits none of the
// sites asked for.
absl::StatusOr<Places> ChoosePlaces(const v1::JobSpec& spec,
                                    const std::vector<ChosenOperator>& operators,
                                    const Presets& presets);

}  // namespace basisbench
