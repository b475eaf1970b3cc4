// SPDX-License-Identifier: Apache-2.0
// A flat block butterfly plus a low-rank matrix (Dao et al., "Pixelated butterfly", ICLR 2022):
// b x b blocks (i, j) where i = j or i and j differ in one bit, and U V of rank r. The blocks are
// copied first and the rest is approximated by rank r: a lower bound, since the two would share
// what both can hold.
//   n b (1 + lg(n/b)) + 2 n r parameters, twice as many FLOPs per vector.
#include <bit>

#include "services/base/status_macros.h"
#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/orders.h"

namespace basisbench {
namespace {

template <typename T>
absl::StatusOr<Matrix<T>> FitPixelfly(const Matrix<T>& target, int64_t block, int64_t rank) {
  Matrix<T> sparse(target.rows(), target.cols());
  for (int64_t i = 0; i < target.rows(); ++i)
    for (int64_t j = 0; j < target.cols(); ++j)
      if (std::popcount(static_cast<uint64_t>((i / block) ^ (j / block))) <= 1)
        sparse(i, j) = target(i, j);
  BB_ASSIGN_OR_RETURN(const Matrix<T> rest, ClosestOfRank(Difference(target, sparse), rank));
  return Sum(sparse, rest);
}

absl::StatusOr<Family> MakePixelfly(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckDivides(request, "block"));
  BB_RETURN_IF_ERROR(CheckAtMost(request, "rank", request.n));
  const int64_t n = request.n, block = request.Integer("block"), rank = request.Integer("rank");
  const int64_t parameters = n * block * (1 + LogTwo(n / block)) + 2 * n * rank;
  return MakeFamily({parameters, std::nullopt, 2.0 * static_cast<double>(parameters)},
                    FitMethod::kConstructive,
                    [=](const auto& target) { return FitPixelfly(target, block, rank); });
}

}  // namespace

std::vector<CatalogueEntry> PixelflyFamilies() {
  return {{"pixelfly",
           {NumberParameter("block", SquareSide), NumberParameter("rank", SquareSide)},
           MakePixelfly,
           "rank",
           EveryRank}};
}

}  // namespace basisbench
