// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_nnls.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace basisbench {
namespace {

// Of columns scaled to length 1: what is left of one after its projection on the others is noise.
constexpr double kDependent = 1e-10;
// A gradient below this, with columns and target of about length 1, is zero.
constexpr double kFlat = 1e-11;

// Every column divided by its length: seconds per FLOP and seconds per message differ by many
// orders of magnitude.
struct Scaled {
  explicit Scaled(const NormalEquations& equations) : size(equations.size) {
    for (size_t i = 0; i < size; ++i) {
      length.push_back(std::sqrt(std::max(0.0, equations.gram[i * size + i])));
    }
    gram.assign(size * size, 0.0);
    right.assign(size, 0.0);
    for (size_t i = 0; i < size; ++i) {
      if (length[i] == 0) continue;
      right[i] = equations.right[i] / length[i];
      for (size_t j = 0; j < size; ++j) {
        if (length[j] > 0)
          gram[i * size + j] = equations.gram[i * size + j] / length[i] / length[j];
      }
    }
  }
  size_t size;
  std::vector<double> length, gram, right;
};

// The unconstrained solution over `columns` by Cholesky's decomposition; nothing when they depend
// on each other.
std::optional<std::vector<double>> Solve(const Scaled& scaled, const std::vector<size_t>& columns) {
  const size_t n = columns.size();
  std::vector<double> lower(n * n, 0.0), x(n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = scaled.gram[columns[i] * scaled.size + columns[j]];
      for (size_t k = 0; k < j; ++k) sum -= lower[i * n + k] * lower[j * n + k];
      if (i == j && sum < kDependent) return std::nullopt;
      lower[i * n + j] = i == j ? std::sqrt(sum) : sum / lower[j * n + j];
    }
  }
  for (size_t i = 0; i < n; ++i) {
    x[i] = scaled.right[columns[i]];
    for (size_t k = 0; k < i; ++k) x[i] -= lower[i * n + k] * x[k];
    x[i] /= lower[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) x[i] -= lower[k * n + i] * x[k];
    x[i] /= lower[i * n + i];
  }
  return x;
}

class ActiveSet {
 public:
  explicit ActiveSet(const Scaled& scaled)
      : scaled_(scaled), x_(scaled.size, 0.0), passed_over_(scaled.size, false) {}

  std::vector<double> Run() {
    // Every step that is taken makes the sum of squares smaller, so no set comes back; rounding
    // could, and the bound ends that.
    for (size_t step = 0; step < 10 * scaled_.size; ++step) {
      const std::optional<size_t> next = Steepest();
      if (!next) break;
      used_.push_back(*next);
      Descend();
      if (x_[*next] > 0) {
        passed_over_.assign(scaled_.size, false);
      } else {
        used_.erase(std::remove(used_.begin(), used_.end(), *next), used_.end());
        passed_over_[*next] = true;
      }
    }
    return x_;
  }

 private:
  std::optional<size_t> Steepest() const {
    std::optional<size_t> best;
    double steepest = kFlat;
    for (size_t i = 0; i < scaled_.size; ++i) {
      const bool used = std::find(used_.begin(), used_.end(), i) != used_.end();
      if (used || passed_over_[i] || scaled_.length[i] == 0) continue;
      double slope = scaled_.right[i];
      for (size_t j = 0; j < scaled_.size; ++j) slope -= scaled_.gram[i * scaled_.size + j] * x_[j];
      if (slope <= steepest) continue;
      steepest = slope;
      best = i;
    }
    return best;
  }

  // Moves to the minimum over the columns in use, dropping those that would become negative. Moves
  // nothing when the newest depends on the others.
  void Descend() {
    while (!used_.empty()) {
      const auto solution = Solve(scaled_, used_);
      if (!solution) return;
      double share = 1;
      for (size_t i = 0; i < used_.size(); ++i) {
        const double from = x_[used_[i]], to = (*solution)[i];
        if (to <= 0) share = std::min(share, from / (from - to));
      }
      for (size_t i = 0; i < used_.size(); ++i) {
        x_[used_[i]] += share * ((*solution)[i] - x_[used_[i]]);
        if ((*solution)[i] <= 0 && x_[used_[i]] <= kDependent) x_[used_[i]] = 0;
      }
      if (share == 1) return;
      used_.erase(std::remove_if(used_.begin(), used_.end(), [&](size_t i) { return x_[i] == 0; }),
                  used_.end());
    }
  }

  const Scaled& scaled_;
  std::vector<double> x_;
  std::vector<bool> passed_over_;  // since the last step that was taken
  std::vector<size_t> used_;
};

}  // namespace

void NormalEquations::Add(const std::vector<double>& row, double target, double weight) {
  for (size_t i = 0; i < size; ++i) {
    if (row[i] == 0) continue;
    right[i] += weight * row[i] * target;
    for (size_t j = 0; j < size; ++j) gram[i * size + j] += weight * row[i] * row[j];
  }
}

std::vector<double> SolveNonNegative(const NormalEquations& equations) {
  const Scaled scaled(equations);
  std::vector<double> x = ActiveSet(scaled).Run();
  for (size_t i = 0; i < x.size(); ++i) {
    if (scaled.length[i] > 0) x[i] /= scaled.length[i];
  }
  return x;
}

}  // namespace basisbench
