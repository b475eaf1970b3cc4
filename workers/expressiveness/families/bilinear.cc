// SPDX-License-Identifier: Apache-2.0
// Strassen-tile (Ailon, Bercovich and Weinstein, arXiv 2503.12211): tiles of t x t, r products of
// encoded tiles, decoded once after the sum over tiles. It is bilinear in the weights and in whole
// tiles of tokens, so it is no set of matrices; for white inputs its relative squared error is that
// of r terms for the tensor of the t x t product, whatever the weights, since cross terms between
// tiles vanish.
//   FLOPs per vector 2 n^2 r / t^3 and 4 r n to encode and decode; parameters r n^2 / t^2 encoded
//   weights and 3 r t^2 of the encoders and the decoder.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/tensor_rank.h"

namespace basisbench {
namespace {

absl::StatusOr<Family> MakeStrassenTile(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckDivides(request, "tile"));
  const int64_t n = request.n, t = request.Integer("tile"), r = request.Integer("rank");
  BB_RETURN_IF_ERROR(CheckAtMost(request, "rank", t * t * t));
  const double size = static_cast<double>(n),
               share = static_cast<double>(r) / static_cast<double>(t * t * t);
  Family family;
  family.cost = {r * n * n / (t * t) + 3 * r * t * t, std::nullopt,
                 2 * size * size * share + 4 * static_cast<double>(r) * size};
  family.method = FitMethod::kBilinear;
  family.captured = [t, r] { return ProductTensorCaptured(t, r); };
  return family;
}

}  // namespace

std::vector<CatalogueEntry> BilinearFamilies() {
  return {{"stl",
           {NumberParameter("tile", [](int64_t) { return 4; }),
            NumberParameter("rank", [](int64_t) { return 24; })},
           MakeStrassenTile,
           "rank",
           [](int64_t) { return EveryRank(64); }}};
}

}  // namespace basisbench
