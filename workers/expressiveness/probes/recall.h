// SPDX-License-Identifier: Apache-2.0
// Associative recall without training (after the multi-query task of Arora et al., "Zoology",
// 2023): `pairs` random unit keys in R^width, each with one of `classes` values as a one-hot
// vector; then every key is asked for once, in random order. A mixer answers with a vector; the
// largest entry is its guess. Deterministic.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

namespace basisbench {

struct RecallTask {
  int64_t width = 64;
  int64_t pairs = 16;
  int64_t classes = 64;
  uint64_t seed = 1;
};

enum class RecallMixer {
  kLinear,        // linear attention: the sum of key x value, of width x classes numbers
  kLeastSquares,  // the state of that size that fits every pair best: where the delta rule
                  // converges
  kSoftmax,       // softmax attention in the limit of large logits
  kFixedGap,      // a convolution: answers with the value a fixed number of places back
};

struct Recall {
  double accuracy = 0;       // share of queries answered with the right class; chance is 1/classes
  double squared_error = 0;  // mean of |answer - value|^2
};

// INVALID_ARGUMENT naming a size below 1; errors of lapack.h.
absl::StatusOr<Recall> MeasureRecall(RecallMixer mixer, const RecallTask& task);

}  // namespace basisbench
