// SPDX-License-Identifier: Apache-2.0
// Products (B B*)^w of butterflies and their adjoints (Dao et al., "Kaleidoscope", ICLR 2020). No
// closed form is known and descent does not find members that exist, so the best of members written
// down is reported, a lower bound:
//   - B alone, and B* alone, by the level-by-level fit of butterflies;
//   - a circulant matrix: F D F* with F = B R and R the bit reversal, which cancels;
//   - a permutation with weights, routed through the stages by Benes' construction and chosen
//     greedily by modulus;
//   - for w >= 2 also P B and B P for the orders P of orders.h, permutations being in B B*.
// 4 w n lg n parameters, twice as many FLOPs; a single B B* has 2 n lg n degrees of freedom.
#include <algorithm>
#include <numeric>

#include "services/base/status_macros.h"
#include "workers/expressiveness/benes.h"
#include "workers/expressiveness/families/averaging.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/families/hierarchical.h"
#include "workers/expressiveness/orders.h"

namespace basisbench {
namespace {

// source[i]: the column that row i takes, largest moduli first.
template <typename T>
std::vector<int64_t> GreedyPermutation(const Matrix<T>& target) {
  const int64_t n = target.rows();
  std::vector<int64_t> places(n * n), source(n, -1);
  std::iota(places.begin(), places.end(), 0);
  const T* values = target.data();
  std::stable_sort(places.begin(), places.end(), [values](int64_t a, int64_t b) {
    return SquaredModulus(values[a]) > SquaredModulus(values[b]);
  });
  std::vector<bool> taken(n);
  for (const int64_t place : places) {
    const int64_t i = place / n, j = place % n;
    if (source[i] >= 0 || taken[j]) continue;
    source[i] = j;
    taken[j] = true;
  }
  return source;
}

template <typename T>
Matrix<T> FitPermutation(const Matrix<T>& target) {
  std::vector<int64_t> columns(target.rows());
  std::iota(columns.begin(), columns.end(), 0);
  columns = ApplyStages(RoutePermutation(GreedyPermutation(target)), std::move(columns));
  Matrix<T> member(target.rows(), target.cols());
  for (int64_t i = 0; i < target.rows(); ++i) member(i, columns[i]) = target(i, columns[i]);
  return member;
}

template <typename T>
absl::StatusOr<Matrix<T>> FitKaleidoscope(const Matrix<T>& target, int64_t width) {
  const int64_t n = target.rows();
  const Stages stages = ButterflyStages(n, 1);
  BB_ASSIGN_OR_RETURN(Matrix<T> best, FitStages(target, stages));
  BB_ASSIGN_OR_RETURN(const Matrix<T> adjoint, FitStages(Adjoint(target), stages));
  KeepBetter(target, Adjoint(adjoint), best);
  KeepBetter(target, AverageOver(target, n, [n](int64_t i, int64_t j) { return (i - j + n) % n; }),
             best);
  KeepBetter(target, FitPermutation(target), best);
  if (width < 2) return best;
  const std::vector<int64_t> stay = OrderOf('I', n);
  for (const char order : kOrders) {
    const std::vector<int64_t> to = OrderOf(order, n);
    BB_ASSIGN_OR_RETURN(const Matrix<T> inputs, FitStages(Reorder(target, stay, to), stages));
    KeepBetter(target, RestoreOrder(inputs, stay, to), best);
    BB_ASSIGN_OR_RETURN(const Matrix<T> outputs, FitStages(Reorder(target, to, stay), stages));
    KeepBetter(target, RestoreOrder(outputs, to, stay), best);
  }
  return best;
}

absl::StatusOr<Family> MakeKaleidoscope(const FamilyRequest& request) {
  const int64_t n = request.n, width = request.Integer("width");
  const int64_t butterfly = 2 * n * LogTwo(n);
  FamilyCost cost{2 * width * butterfly, std::nullopt,
                  4.0 * static_cast<double>(width * butterfly)};
  if (width == 1) cost.degrees_of_freedom = butterfly;
  return MakeFamily(cost, FitMethod::kConstructive,
                    [width](const auto& target) { return FitKaleidoscope(target, width); });
}

}  // namespace

std::vector<CatalogueEntry> KaleidoscopeFamilies() {
  return {{"kaleidoscope",
           {NumberParameter("width", [](int64_t) { return 1; })},
           MakeKaleidoscope,
           "width",
           [](int64_t) { return EveryRank(8); }}};
}

}  // namespace basisbench
