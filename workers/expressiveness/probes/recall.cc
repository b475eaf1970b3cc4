// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/probes/recall.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/matrix.h"
#include "workers/expressiveness/rng.h"

namespace basisbench {
namespace {

Matrix<double> UnitRows(Matrix<double> a) {
  for (int64_t i = 0; i < a.rows(); ++i) {
    double energy = 0;
    for (int64_t j = 0; j < a.cols(); ++j) energy += SquaredModulus(a(i, j));
    for (int64_t j = 0; j < a.cols(); ++j) a(i, j) /= std::sqrt(energy);
  }
  return a;
}

// weights[q, i]: how much of the value of pair i the answer to query q holds; query q asks for pair
// asked[q].
absl::StatusOr<Matrix<double>> WeightsOf(RecallMixer mixer, const Matrix<double>& keys,
                                         const std::vector<int64_t>& asked) {
  const int64_t pairs = keys.rows();
  Matrix<double> similarity;
  if (mixer == RecallMixer::kLeastSquares) {
    // K pinv(K): the projection on the column space of the keys.
    BB_ASSIGN_OR_RETURN(const Svd<double> svd, DecomposeSingular(keys));
    BB_ASSIGN_OR_RETURN(similarity, Multiply(svd.u, Adjoint(svd.u)));
  } else {
    BB_ASSIGN_OR_RETURN(similarity, Multiply(keys, Adjoint(keys)));
  }
  Matrix<double> out(pairs, pairs);
  for (int64_t q = 0; q < pairs; ++q) {
    const double* row = similarity.row(asked[q]);
    if (mixer == RecallMixer::kFixedGap) {
      out(q, q) = 1;
    } else if (mixer == RecallMixer::kSoftmax) {
      out(q, std::max_element(row, row + pairs) - row) = 1;
    } else {
      std::copy_n(row, pairs, out.row(q));
    }
  }
  return out;
}

absl::Status CheckTask(const RecallTask& task) {
  if (task.width >= 1 && task.pairs >= 1 && task.classes >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("recall needs width, pairs and classes of at least 1, not ", task.width, ", ",
                   task.pairs, ", ", task.classes));
}

}  // namespace

absl::StatusOr<Recall> MeasureRecall(RecallMixer mixer, const RecallTask& task) {
  BB_RETURN_IF_ERROR(CheckTask(task));
  Rng rng(task.seed);
  const Matrix<double> keys = UnitRows(rng.NormalMatrix(task.pairs, task.width));
  std::vector<int64_t> value(task.pairs);
  for (int64_t& v : value)
    v = static_cast<int64_t>(rng.Next() % static_cast<uint64_t>(task.classes));
  const std::vector<int64_t> asked = rng.Permutation(task.pairs);
  BB_ASSIGN_OR_RETURN(const Matrix<double> weights, WeightsOf(mixer, keys, asked));
  Recall out;
  for (int64_t q = 0; q < task.pairs; ++q) {
    std::vector<double> answer(task.classes);
    for (int64_t i = 0; i < task.pairs; ++i) answer[value[i]] += weights(q, i);
    const int64_t right = value[asked[q]];
    const int64_t guess = std::max_element(answer.begin(), answer.end()) - answer.begin();
    out.accuracy += guess == right ? 1 : 0;
    answer[right] -= 1;
    for (const double a : answer) out.squared_error += a * a;
  }
  out.accuracy /= static_cast<double>(task.pairs);
  out.squared_error /= static_cast<double>(task.pairs);
  return out;
}

}  // namespace basisbench
