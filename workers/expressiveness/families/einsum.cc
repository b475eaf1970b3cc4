// SPDX-License-Identifier: Apache-2.0
// Two factors with one index layout (Potapczynski et al., "Searching for efficient linear layers
// over a continuous space of structured matrices", NeurIPS 2024): with x[gamma, beta, alpha] and
// y[phi, epsilon, delta] the block of each (phi, gamma) is a sum of rho Kronecker products, that
// is, a matrix of rank rho once its indices are regrouped as (delta alpha) x (epsilon beta). The
// closest member keeps the rho largest singular values of each. Low rank, sums of Kronecker
// products (Van Loan and Pitsianis, 1993), Monarch and block tensor-trains are settings of it.
//   FLOPs per vector 2 rho n (phi delta + gamma beta), parameters rho phi gamma (delta alpha +
//   epsilon beta), degrees of freedom rho phi gamma (delta alpha + epsilon beta - rho).
#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/orders.h"

namespace basisbench {
namespace {

// Value of a size that is worked out from the others.
constexpr char kAuto[] = "auto";

struct Layout {
  int64_t alpha = 1, beta = 1, gamma = 1, delta = 1, epsilon = 1, phi = 1, rho = 1;
};

// Row (epsilon, delta) of the block of phi, column (beta, alpha) of that of gamma.
struct Regrouping {
  const Layout& layout;
  int64_t phi, gamma;

  template <typename Visit>
  void ForEach(Visit visit) const {
    const auto& [al, be, ga, de, ep, ph, rho] = layout;
    for (int64_t e = 0; e < ep; ++e)
      for (int64_t d = 0; d < de; ++d)
        for (int64_t b = 0; b < be; ++b)
          for (int64_t a = 0; a < al; ++a)
            visit((phi * ep + e) * de + d, (gamma * be + b) * al + a, d * al + a, e * be + b);
  }
};

template <typename T>
absl::StatusOr<Matrix<T>> ClosestEinsum(const Matrix<T>& target, const Layout& layout) {
  Matrix<T> member(target.rows(), target.cols());
  Matrix<T> grouped(layout.delta * layout.alpha, layout.epsilon * layout.beta);
  for (int64_t phi = 0; phi < layout.phi; ++phi) {
    for (int64_t gamma = 0; gamma < layout.gamma; ++gamma) {
      const Regrouping regrouping{layout, phi, gamma};
      regrouping.ForEach([&](int64_t row, int64_t col, int64_t i, int64_t j) {
        grouped(i, j) = target(row, col);
      });
      BB_ASSIGN_OR_RETURN(const Matrix<T> kept, ClosestOfRank(grouped, layout.rho));
      regrouping.ForEach(
          [&](int64_t row, int64_t col, int64_t i, int64_t j) { member(row, col) = kept(i, j); });
    }
  }
  return member;
}

FamilyCost CostOf(const Layout& l, int64_t n) {
  const int64_t left = l.delta * l.alpha, right = l.epsilon * l.beta;
  const int64_t terms = l.rho * l.phi * l.gamma;
  return {terms * (left + right), terms * (left + right - l.rho),
          2.0 * static_cast<double>(l.rho * n * (l.phi * l.delta + l.gamma * l.beta))};
}

Family MakeEinsumFamily(const Layout& layout, int64_t n) {
  return MakeFamily(CostOf(layout, n), FitMethod::kClosedForm,
                    [layout](const auto& target) { return ClosestEinsum(target, layout); });
}

// Outputs are taken in an order where the blocks are contiguous, and put back.
Family MakeStridedFamily(const Layout& layout, int64_t n) {
  std::vector<int64_t> to_row(n), to_col(n);
  for (int64_t i = 0; i < n; ++i) {
    to_row[i] = i % layout.phi * (n / layout.phi) + i / layout.phi;
    to_col[i] = i;
  }
  return MakeFamily(CostOf(layout, n), FitMethod::kClosedForm,
                    [=](const auto& target) -> absl::StatusOr<std::decay_t<decltype(target)>> {
                      BB_ASSIGN_OR_RETURN(const auto member,
                                          ClosestEinsum(Reorder(target, to_row, to_col), layout));
                      return RestoreOrder(member, to_row, to_col);
                    });
}

// The largest rank of a regrouped block: more terms are no larger family.
int64_t MostTerms(const Layout& l) { return std::min(l.delta * l.alpha, l.epsilon * l.beta); }

absl::StatusOr<Family> MakeLowRank(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckAtMost(request, "rank", request.n));
  Family family = MakeEinsumFamily(
      {.alpha = request.n, .epsilon = request.n, .rho = request.Integer("rank")}, request.n);
  family.order_invariant = true;
  return family;
}

absl::StatusOr<Family> MakeKron(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckDivides(request, "beta"));
  BB_RETURN_IF_ERROR(CheckDivides(request, "epsilon"));
  const int64_t beta = request.Integer("beta"), epsilon = request.Integer("epsilon");
  const Layout layout{.alpha = request.n / beta,
                      .beta = beta,
                      .delta = request.n / epsilon,
                      .epsilon = epsilon,
                      .rho = request.Integer("terms")};
  BB_RETURN_IF_ERROR(CheckAtMost(request, "terms", MostTerms(layout)));
  return MakeEinsumFamily(layout, request.n);
}

absl::StatusOr<Family> MakeMonarch(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckDivides(request, "blocks"));
  const int64_t blocks = request.Integer("blocks"), side = request.n / blocks;
  int64_t depth = std::max<int64_t>(side / blocks, 1);
  if (request.Text("depth") != kAuto) {
    BB_RETURN_IF_ERROR(CheckAtMost(request, "depth", side));
    depth = request.Integer("depth");
  }
  return MakeStridedFamily(
      {.alpha = side, .gamma = blocks, .epsilon = side, .phi = blocks, .rho = depth}, request.n);
}

absl::StatusOr<Family> MakeBtt(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckDivides(request, "gamma"));
  BB_RETURN_IF_ERROR(CheckDivides(request, "phi"));
  const int64_t gamma = request.Integer("gamma"), phi = request.Integer("phi");
  const Layout layout{.alpha = request.n / gamma,
                      .gamma = gamma,
                      .epsilon = request.n / phi,
                      .phi = phi,
                      .rho = request.Integer("rank")};
  BB_RETURN_IF_ERROR(CheckAtMost(request, "rank", MostTerms(layout)));
  return request.Text("block_order") == "strided" ? MakeStridedFamily(layout, request.n)
                                                  : MakeEinsumFamily(layout, request.n);
}

// The three sizes of one side of n. `rest` and `slow` may be left to this: slow is then near the
// root of what `given` leaves, or what `rest` leaves, and rest takes what is left.
struct SideNames {
  const char *rest, *given, *slow;
};
struct SideSizes {
  int64_t rest, given, slow;
};

SideSizes CutSide(const FamilyRequest& request, const SideNames& names) {
  const auto chosen = [&](const char* name) {
    return request.Text(name) == kAuto ? 0 : request.Integer(name);
  };
  SideSizes out{chosen(names.rest), chosen(names.given), chosen(names.slow)};
  const int64_t left = std::max<int64_t>(request.n / out.given, 1);
  if (out.slow == 0) out.slow = out.rest == 0 ? SquareSide(left) : left / out.rest;
  if (out.rest == 0) out.rest = left / std::max<int64_t>(out.slow, 1);
  return out;
}

absl::StatusOr<Family> MakeEinsum(const FamilyRequest& request) {
  const SideSizes in = CutSide(request, {"alpha", "beta", "gamma"});
  const SideSizes out = CutSide(request, {"epsilon", "delta", "phi"});
  const Layout layout{
      in.rest, in.given, in.slow, out.given, out.rest, out.slow, request.Integer("rho")};
  for (const SideSizes& side : {in, out}) {
    // Divisions, for a product might overflow.
    if (side.rest == 0 || side.slow == 0 || request.n % side.given != 0 ||
        request.n / side.given % side.rest != 0 ||
        request.n / side.given / side.rest != side.slow) {
      return absl::InvalidArgumentError(
          absl::StrCat("einsum: alpha, beta, gamma = ", in.rest, ", ", in.given, ", ", in.slow,
                       " and epsilon, delta, phi = ", out.rest, ", ", out.given, ", ", out.slow,
                       " must both multiply to n = ", request.n));
    }
  }
  BB_RETURN_IF_ERROR(CheckAtMost(request, "rho", MostTerms(layout)));
  return MakeEinsumFamily(layout, request.n);
}

int64_t One(int64_t) { return 1; }

FamilyParameter AutoParameter(std::string name) {
  return {std::move(name), [](int64_t) { return kAuto; }, {}};
}

}  // namespace

std::vector<CatalogueEntry> EinsumFamilies() {
  return {{"lowrank", {NumberParameter("rank", SquareSide)}, MakeLowRank, "rank", EveryRank},
          {"kron",
           {NumberParameter("terms", One), NumberParameter("beta", SquareSide),
            NumberParameter("epsilon", SquareSide)},
           MakeKron,
           "terms",
           EveryRank},
          {"monarch",
           {NumberParameter("blocks", SquareSide), AutoParameter("depth")},
           MakeMonarch,
           "blocks",
           DivisorsOf},
          {"btt",
           {NumberParameter("rank", One), NumberParameter("gamma", SquareSide),
            NumberParameter("phi", SquareSide),
            ChoiceParameter("block_order", {"contiguous", "strided"})},
           MakeBtt,
           "rank",
           EveryRank},
          {"einsum",
           {AutoParameter("alpha"), NumberParameter("beta", One), AutoParameter("gamma"),
            NumberParameter("delta", One), AutoParameter("epsilon"), AutoParameter("phi"),
            NumberParameter("rho", One)},
           MakeEinsum,
           "rho",
           EveryRank}};
}

}  // namespace basisbench
