// SPDX-License-Identifier: Apache-2.0
// The two-factor structure with every size free: low rank (alpha = K, epsilon = M), Kronecker
// (gamma = phi = 1), block tensor-train and Monarch (beta = delta = 1) and everything between are
// settings of it. Definition and costs: two_factor.h.
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/factoring.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/two_factor/two_factor.h"

namespace basisbench {
namespace {

constexpr int64_t kMost = 1 << 20;

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "einsum";
  description.family = "structured";
  description.axis = "channel";
  description.formula =
      "Y[fed] = sum_rgb B[fe;rgb] sum_a A[gfrd;a] X[gba], K = gamma beta alpha, M = phi eps delta";
  description.source = "Potapczynski et al., NeurIPS 2024";
  description.flops_formula = "2 N rho (K phi delta + M gamma beta)";
  description.parameters = {
      {"alpha", "fastest input index, summed by A; default: what is left of the length", "", 1,
       kMost},
      {"beta", "middle input index, summed by B", "1", 1, kMost},
      {"gamma", "slowest input index; default: the divisor nearest the root", "", 1, kMost},
      {"delta", "fastest output index, made by A", "1", 1, kMost},
      {"epsilon", "middle output index, made by B; default: what is left of the length", "", 1,
       kMost},
      {"phi", "slowest output index; default: the divisor nearest the root", "", 1, kMost},
      {"rho", "Kronecker products in each block (phi, gamma)", "1", 1, kMost},
      AxisParameter()};
  return description;
}

class Einsum : public TwoFactorMixer {
 public:
  Einsum() : TwoFactorMixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    BB_RETURN_IF_ERROR(Factor(problem, "input", InputLength(problem), {"alpha", "beta", "gamma"}));
    return Factor(problem, "output", OutputLength(problem), {"epsilon", "delta", "phi"});
  }

  TwoFactorShape Shape(const Problem& problem) const override {
    return {.alpha = IntegerParameter(problem, "alpha"),
            .beta = IntegerParameter(problem, "beta"),
            .gamma = IntegerParameter(problem, "gamma"),
            .delta = IntegerParameter(problem, "delta"),
            .epsilon = IntegerParameter(problem, "epsilon"),
            .phi = IntegerParameter(problem, "phi"),
            .rho = IntegerParameter(problem, "rho")};
  }

 private:
  // The three sizes of one side: `rest` and `slow` may have been left out, `given` has a value.
  struct Names {
    const char *rest, *given, *slow;
  };

  static absl::Status Factor(Problem& problem, const char* side, int64_t length,
                             const Names& names) {
    const int64_t given = IntegerParameter(problem, names.given);
    const auto size = [&](const char* name) {
      return problem.parameters.count(name) > 0 ? IntegerParameter(problem, name) : int64_t{1};
    };
    const int64_t left = length / given;
    if (length % given == 0 && left % size(names.rest) == 0 && left % size(names.slow) == 0) {
      if (problem.parameters.count(names.slow) == 0) {
        const bool rest_given = problem.parameters.count(names.rest) > 0;
        DefaultParameter(problem, names.slow,
                         rest_given ? left / size(names.rest) : DivisorNearRoot(left));
      }
      DefaultParameter(problem, names.rest, left / size(names.slow));
    }
    if (size(names.rest) * given * size(names.slow) == length) return absl::OkStatus();
    return absl::UnimplementedError(absl::StrCat(
        "einsum: ", names.slow, " = ", size(names.slow), ", ", names.given, " = ", given, " and ",
        names.rest, " = ", size(names.rest), " do not multiply to the ", side, " length ", length));
  }
};

const RegisterOperator kRegister(std::make_unique<Einsum>());

}  // namespace
}  // namespace basisbench
