// SPDX-License-Identifier: Apache-2.0
// Families that hold every matrix: a dense product, however it is computed. mlp_mixer is one over
// the tokens. Strassen's and Winograd's are exact; `levels` of them replace 8 products of halves by
// 7 and 18 or 15 additions, counted here for n vectors at once.
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/orders.h"

namespace basisbench {
namespace {

Family MakeEveryMatrix(int64_t n, double flops) {
  Family family = MakeFamily(
      {n * n, n * n, flops}, FitMethod::kClosedForm,
      [](const auto& target) -> absl::StatusOr<std::decay_t<decltype(target)>> { return target; });
  family.order_invariant = true;
  return family;
}

double DenseFlops(double n) { return 2 * n * n; }

absl::StatusOr<Family> MakeMatmul(const FamilyRequest& request) {
  return MakeEveryMatrix(request.n, DenseFlops(static_cast<double>(request.n)));
}

// FLOPs of an n x n times n x n product.
double FastProductFlops(double n, int64_t levels, double additions) {
  if (levels == 0) return n * DenseFlops(n);
  return 7 * FastProductFlops(n / 2, levels - 1, additions) + additions * n * n / 4;
}

absl::StatusOr<Family> MakeStrassen(const FamilyRequest& request) {
  const int64_t levels = request.Integer("levels");
  BB_RETURN_IF_ERROR(CheckAtMost(request, "levels", LogTwo(request.n)));
  const double n = static_cast<double>(request.n);
  const double additions = request.Text("variant") == "winograd" ? 15 : 18;
  return MakeEveryMatrix(request.n, FastProductFlops(n, levels, additions) / n);
}

}  // namespace

std::vector<CatalogueEntry> DenseFamilies() {
  return {{"matmul", {}, MakeMatmul, "", nullptr},
          {"mlp_mixer", {}, MakeMatmul, "", nullptr},
          {"strassen",
           {{"levels", [](int64_t) { return "1"; }, {}, 0},
            ChoiceParameter("variant", {"winograd", "strassen"})},
           MakeStrassen,
           "",
           nullptr}};
}

}  // namespace basisbench
