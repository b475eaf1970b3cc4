// SPDX-License-Identifier: Apache-2.0
// Predictions with what is known of how wrong they are, and their refusal where the measurements
// do not reach. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "services/cli/prediction_model.h"

namespace basisbench {

// A kernel needs this many distinct cases: its two parameters, and more to see an error by.
inline constexpr size_t kLeastKernelCases = 4;
// A level needs this many distinct cases that communicate, ...
inline constexpr size_t kLeastLinkCases = 3;
// ... and the largest of their bytes per message this many times the smallest: latency and
// bandwidth cannot be told apart by messages of one length.
inline constexpr double kLeastMessageSpread = 2;

// How the model did on cases of a kernel that it was not shown.
struct HeldOut {
  std::vector<double> ratios;  // measured over predicted, ascending
  // |predicted - measured| / measured.
  double median_error = 0;
  double largest_error = 0;
};

struct Prediction {
  TimeTerms terms;
  double seconds = 0;
  // `seconds` times the ratios of the kernel's cases that were left out, without the most extreme
  // ones as long as what is kept covers 95 %.
  double low = 0, high = 0;
  // Chance that a case drawn like the fitted ones lies between: 1 - 2k/(n+1) with the k-th ratios
  // from either end of n. Extrapolation has no such guarantee.
  double coverage = 0;
  HeldOut leave_one_out;
  std::optional<HeldOut> largest_ranks;  // its ratios widen the interval
  bool communicates = false;
  bool link_given = false;         // alpha and beta were given, not measured
  std::vector<std::string> notes;  // what makes it less sure than the interval says
};

class PredictionFit {
 public:
  explicit PredictionFit(std::vector<Observation> observations);

  const CostModel& model() const { return model_; }
  // Each case predicted by the fit of all the others; repetitions of it are left out together.
  const std::map<std::string, HeldOut>& leave_one_out() const { return leave_one_out_; }
  // The cases of the largest world size predicted by the fit of the smaller ones, which is nearer
  // to what a prediction does. Lacks kernels for which those say too little.
  const std::map<std::string, HeldOut>& largest_ranks() const { return largest_ranks_; }
  uint32_t most_ranks() const { return most_ranks_; }

  // FAILED_PRECONDITION saying what the measurements lack for this load: its kernel, enough
  // distinct cases of it, or messages between ranks as far apart. `given` stands for the last.
  absl::StatusOr<Prediction> Predict(const RankLoad& load,
                                     const std::optional<LinkCost>& given) const;

 private:
  absl::Status CheckKernel(const RankLoad& load) const;
  absl::Status CheckLink(const RankLoad& load) const;
  std::vector<std::string> Notes(const RankLoad& load, const Prediction& prediction) const;

  std::vector<Observation> observations_;
  CostModel model_;
  std::map<std::string, HeldOut> leave_one_out_;
  std::map<std::string, HeldOut> largest_ranks_;
  uint32_t most_ranks_ = 0;
};

}  // namespace basisbench
