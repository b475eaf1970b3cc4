// SPDX-License-Identifier: Apache-2.0
// What operators would keep of the weights of a model, beside what they would cost at each weight's
// shape.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/operators/operator.h"
#include "workers/weights/projection.h"
#include "workers/weights/weight_set.h"

namespace basisbench {

struct SurveyOptions {
  std::string pattern = "*";
  std::vector<ProjectionRequest>
      operators;              // parameters that are left out are the operator's choice
  bool stored_out_in = true;  // as torch.nn.Linear keeps them: d_out x d_in
  int64_t tokens = 512;       // of the declared cost
};

// One operator in place of one weight.
struct SurveyRow {
  std::string tensor;
  int64_t d_in = 0, d_out = 0;
  std::string label;               // "monarch{blocks=32,depth=1}"
  std::optional<double> captured;  // absent with the reason in `note`
  double energy = 0;               // of the weight (its outputs' under a covariance)
  OperatorCost cost;               // forward, f32, one rank
  std::string note;
};

struct Survey {
  std::vector<SurveyRow> rows;
  std::vector<std::string> skipped;  // tensors that are no matrices
};

// Projects every matrix whose name matches. `covariances` has the inputs' covariance under the
// weight's own name; null for white inputs. `progress` is told each tensor before it is looked at.
// NOT_FOUND when nothing matches; INVALID_ARGUMENT naming a bad operator, tensor or covariance.
absl::StatusOr<Survey> SurveyWeights(const WeightSet& weights, const WeightSet* covariances,
                                     const SurveyOptions& options,
                                     const std::function<void(const std::string&)>& progress);

// "name{key=value,...}" as on every command line of Basisbench. INVALID_ARGUMENT naming the text.
absl::StatusOr<std::vector<ProjectionRequest>> ParseRequests(const std::string& text);

// Per operator, over all weights: energy kept over energy there was, and the same of parameters and
// FLOPs against the dense product; `weights` counts those it applies to.
struct SurveyTotal {
  std::string operator_name;
  int64_t weights = 0;
  double captured = 0, parameter_fraction = 0, flop_fraction = 0;
};
std::vector<SurveyTotal> Totals(const Survey& survey);

}  // namespace basisbench
