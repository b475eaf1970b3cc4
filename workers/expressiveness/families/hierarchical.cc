// SPDX-License-Identifier: Apache-2.0
// Products of sparse stages, fitted level by level (Zheng, Riccietti and Gribonval, "Efficient
// identification of butterfly sparse matrix factorizations", 2023). A stage of radix q joins q
// groups of h = n/q rows: for each group of columns c and each i < h, the rows i, i + h, ... of
// that group are one column times one row. That rank-one (rank-b for blocks of b) part becomes a
// column of the stage and a row of the c-th problem of size h. Exact for members of the family, not
// optimal otherwise.
//   butterfly               radix 2, blocks of 1: 2 n lg n parameters, n (lg n + 1) degrees of
//   freedom block_butterfly{block}  radix 2, blocks of b monarch_p{order}        p radices of about
//   n^(1/p); order 2 is Monarch
// FLOPs are twice the parameters. Of the parameters each interface between two stages takes n b
// away: a block may be scaled on one side and unscaled on the other.
#include "workers/expressiveness/families/hierarchical.h"

#include <cmath>

#include "absl/status/status.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/orders.h"

namespace basisbench {
namespace {

FamilyCost StageCost(int64_t n, const Stages& stages) {
  int64_t parameters = 0;
  for (const int64_t radix : stages.radices) parameters += n * radix * stages.block;
  const int64_t interfaces = static_cast<int64_t>(stages.radices.size()) - 1;
  return {parameters, parameters - interfaces * n * stages.block,
          2.0 * static_cast<double>(parameters)};
}

Family MakeStages(int64_t n, const Stages& stages) {
  return MakeFamily(StageCost(n, stages), FitMethod::kHierarchical,
                    [stages](const auto& target) { return FitStages(target, stages); });
}

absl::StatusOr<Family> MakeButterfly(const FamilyRequest& request) {
  return MakeStages(request.n, ButterflyStages(request.n, 1));
}

absl::StatusOr<Family> MakeBlockButterfly(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckDivides(request, "block"));
  BB_RETURN_IF_ERROR(CheckAtMost(request, "block", request.n / 2));
  return MakeStages(request.n, ButterflyStages(request.n, request.Integer("block")));
}

// The powers of two whose product is n, as equal as they can be, the larger first.
absl::StatusOr<Family> MakeMonarchOfOrder(const FamilyRequest& request) {
  const int64_t order = request.Integer("order"), digits = LogTwo(request.n);
  BB_RETURN_IF_ERROR(CheckAtMost(request, "order", digits));
  Stages stages;
  for (int64_t p = 0; p < order; ++p)
    stages.radices.push_back(int64_t{1} << (digits / order + (p < digits % order ? 1 : 0)));
  return MakeStages(request.n, stages);
}

std::vector<int64_t> BlockSizes(int64_t n) { return DivisorsOf(n / 2); }

}  // namespace

Stages ButterflyStages(int64_t n, int64_t block) {
  return {std::vector<int64_t>(LogTwo(n / block), 2), block};
}

std::vector<CatalogueEntry> HierarchicalFamilies() {
  return {{"butterfly", {}, MakeButterfly, "", nullptr},
          {"block_butterfly",
           {NumberParameter("block", SquareSide)},
           MakeBlockButterfly,
           "block",
           BlockSizes},
          {"monarch_p",
           {NumberParameter("order", [](int64_t) { return 3; })},
           MakeMonarchOfOrder,
           "order",
           [](int64_t n) { return EveryRank(LogTwo(n)); }}};
}

}  // namespace basisbench
