// SPDX-License-Identifier: Apache-2.0
// Predictions as every output format shows them: each row says that it is one. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "basisbench/v1/operator.pb.h"
#include "services/cli/prediction.h"
#include "services/cli/table.h"

namespace basisbench {

// What every row of predictions bears, whatever the format.
inline constexpr char kPredictionMark[] = "PREDICTION";
inline constexpr char kGivenNetwork[] = "as given, not measured";

// A case that was asked for.
struct PredictedCase {
  v1::Case item;
  RankLoad load;  // of no meaning where nothing was predicted
  std::optional<Prediction> prediction;
  std::string refusal;  // why there is none
  // Over MatMul of the same place, both predicted; absent for MatMul itself and where it has none.
  std::optional<double> speedup, speedup_low, speedup_high;
};

// Fills in the speed-ups within each comparison group of one world size; the ends of the intervals
// are divided crosswise.
void CompareWithBaselines(std::vector<PredictedCase>& cases);

// The distinct reasons of the cases without prediction, to which the table refers by number.
std::vector<std::string> Refusals(absl::Span<const PredictedCase> cases);

Table PredictionTable(absl::Span<const PredictedCase> cases, const PredictionFit& fit);

// The fitted parameters and their standing, one line each, for people.
std::vector<std::string> FitLines(const PredictionFit& fit);

}  // namespace basisbench
