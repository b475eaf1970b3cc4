// SPDX-License-Identifier: Apache-2.0
// Families that keep some entries and drop the others. A fixed mask spans a linear subspace, whose
// closest member keeps the masked entries; a free one keeps the largest.
//   blockdiag{blocks}  n^2/blocks entries          gate       the diagonal
//   sparse24           the 2 largest of each 4 along the inputs of an output
//   ksparse{count}     the largest anywhere: a control that no hardware follows
#include <algorithm>
#include <cmath>
#include <numeric>

#include "services/base/status_macros.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/orders.h"

namespace basisbench {
namespace {

FamilyCost MaskCost(int64_t entries) {
  return {entries, entries, 2.0 * static_cast<double>(entries)};
}

absl::StatusOr<Family> MakeBlockDiagonal(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckDivides(request, "blocks"));
  const int64_t side = request.n / request.Integer("blocks");
  return MakeFamily(MaskCost(request.n * side), FitMethod::kClosedForm,
                    [side](const auto& target) -> absl::StatusOr<std::decay_t<decltype(target)>> {
                      std::decay_t<decltype(target)> out(target.rows(), target.cols());
                      for (int64_t i = 0; i < target.rows(); ++i)
                        for (int64_t j = i / side * side; j < (i / side + 1) * side; ++j)
                          out(i, j) = target(i, j);
                      return out;
                    });
}

absl::StatusOr<Family> MakeGate(const FamilyRequest& request) {
  // One multiplication an entry, and nothing to add.
  const FamilyCost cost{request.n, request.n, static_cast<double>(request.n)};
  return MakeFamily(cost, FitMethod::kClosedForm,
                    [](const auto& target) -> absl::StatusOr<std::decay_t<decltype(target)>> {
                      std::decay_t<decltype(target)> out(target.rows(), target.cols());
                      for (int64_t i = 0; i < target.rows(); ++i) out(i, i) = target(i, i);
                      return out;
                    });
}

// Copies the `count` entries of largest modulus among those listed; the earlier of equals wins.
template <typename T>
void KeepLargest(const Matrix<T>& from, std::vector<int64_t> places, int64_t count, Matrix<T>& to) {
  const T* values = from.data();
  std::nth_element(places.begin(), places.begin() + (count - 1), places.end(),
                   [values](int64_t a, int64_t b) {
                     const double x = SquaredModulus(values[a]), y = SquaredModulus(values[b]);
                     return x != y ? x > y : a < b;
                   });
  for (int64_t k = 0; k < count; ++k) to.data()[places[k]] = values[places[k]];
}

absl::StatusOr<Family> MakeTwoOfFour(const FamilyRequest& request) {
  const int64_t entries = request.n * request.n / 2;
  return MakeFamily(MaskCost(entries), FitMethod::kClosedForm,
                    [](const auto& target) -> absl::StatusOr<std::decay_t<decltype(target)>> {
                      std::decay_t<decltype(target)> out(target.rows(), target.cols());
                      for (int64_t first = 0; first < target.rows() * target.cols(); first += 4)
                        KeepLargest(target, {first, first + 1, first + 2, first + 3}, 2, out);
                      return out;
                    });
}

absl::StatusOr<Family> MakeSparse(const FamilyRequest& request) {
  const int64_t count = request.Integer("count");
  BB_RETURN_IF_ERROR(CheckAtMost(request, "count", request.n * request.n));
  Family family =
      MakeFamily(MaskCost(count), FitMethod::kClosedForm,
                 [count](const auto& target) -> absl::StatusOr<std::decay_t<decltype(target)>> {
                   std::decay_t<decltype(target)> out(target.rows(), target.cols());
                   std::vector<int64_t> places(target.elements().size());
                   std::iota(places.begin(), places.end(), 0);
                   KeepLargest(target, std::move(places), count, out);
                   return out;
                 });
  family.order_invariant = true;
  return family;
}

// The places of a Monarch matrix of the same size.
int64_t SparseDefault(int64_t n) {
  return std::llround(2 * static_cast<double>(n) * std::sqrt(static_cast<double>(n)));
}

// Shares of n^2 in steps of n/2, fine enough for every budget.
std::vector<int64_t> SparseSizes(int64_t n) {
  std::vector<int64_t> out;
  for (int64_t count = 1; count <= n * n; count += n / 2) out.push_back(count + n / 2 - 1);
  return out;
}

}  // namespace

std::vector<CatalogueEntry> MaskFamilies() {
  return {{"blockdiag",
           {NumberParameter("blocks", SquareSide)},
           MakeBlockDiagonal,
           "blocks",
           DivisorsOf},
          {"gate", {}, MakeGate, "", nullptr},
          {"sparse24", {}, MakeTwoOfFour, "", nullptr},
          {"ksparse", {NumberParameter("count", SparseDefault)}, MakeSparse, "count", SparseSizes}};
}

}  // namespace basisbench
