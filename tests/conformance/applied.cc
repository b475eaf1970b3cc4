// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/applied.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/stored.h"

namespace basisbench {
namespace {

constexpr double kClose = 4;

// One tensor from a dense matrix, everything else from other operands.
class DenseTensor : public Operands {
 public:
  DenseTensor(std::string tensor, Dense values, int64_t width, const Operands& others)
      : tensor_(std::move(tensor)), values_(std::move(values)), width_(width), others_(others) {}
  double At(absl::string_view tensor, int64_t row, int64_t col) const override {
    return tensor == tensor_ ? values_[row * width_ + col] : others_.At(tensor, row, col);
  }

 private:
  const std::string tensor_;
  const Dense values_;
  const int64_t width_;
  const Operands& others_;
};

}  // namespace

Dense Normal(const Problem& problem, uint64_t seed) {
  const TensorValues values(seed, "x", Distribution::kNormal);
  Dense x;
  for (int64_t i = 0; i < problem.shape.tokens; ++i) {
    for (int64_t j = 0; j < problem.shape.d_in; ++j)
      x.push_back(RoundTo(problem.dtype, values.At(i, j)));
  }
  return x;
}

absl::StatusOr<Dense> Apply(CaseRun& run, const Dense& x, absl::string_view tensor) {
  const SeededOperands others(run.op(), run.problem(), Distribution::kNormal, 41);
  const int64_t width = static_cast<int64_t>(x.size()) / run.problem().shape.tokens;
  run.Fill(DenseTensor(std::string(tensor), x, width, others));
  BB_RETURN_IF_ERROR(run.Run());
  BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(run));
  Dense y(held[0].size(), std::nan(""));
  for (const Dense& one : held) {
    for (size_t at = 0; at < y.size(); ++at) {
      if (!std::isnan(one[at])) y[at] = one[at];
    }
  }
  return y;
}

long double Dot(const Dense& a, const Dense& b) {
  long double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<long double>(a[i]) * b[i];
  return sum;
}

double Norm(const Dense& x) { return static_cast<double>(std::sqrt(Dot(x, x))); }

int64_t RankOf(Dense matrix, int64_t cols) {
  const auto smaller = [](double a, double b) { return std::fabs(a) < std::fabs(b); };
  double first = 0;
  for (int64_t rank = 0;; ++rank) {
    const auto largest = std::max_element(matrix.begin(), matrix.end(), smaller);
    if (largest == matrix.end()) return rank;
    const double pivot = *largest;
    first = std::max(first, std::fabs(pivot));
    if (std::fabs(pivot) <= 1e-11 * first) return rank;
    const int64_t at = largest - matrix.begin(), col = at % cols;
    const Dense row(matrix.begin() + (at - col), matrix.begin() + (at - col + cols));
    for (size_t start = 0; start < matrix.size(); start += static_cast<size_t>(cols)) {
      const double factor = matrix[start + static_cast<size_t>(col)] / pivot;
      for (size_t j = 0; j < row.size(); ++j) matrix[start + j] -= factor * row[j];
      matrix[start + static_cast<size_t>(col)] = 0;
    }
  }
}

double Distance(const CaseRun& run, const Dense& a, const Dense& b) {
  Dense difference(a.size());
  for (size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  const double unit =
      UnitRoundoff(run.problem().dtype) * std::sqrt(Roundings(run.op(), run.problem()));
  return Norm(difference) / (unit * Norm(b));
}

absl::Status Expect(double distance, const char* what) {
  if (distance <= kClose) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(what, " is off by ", distance, " error units"));
}

}  // namespace basisbench
