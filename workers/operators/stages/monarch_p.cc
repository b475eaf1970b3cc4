// SPDX-License-Identifier: Apache-2.0
// Monarch matrices of order p: p block-diagonal factors with blocks of about n^(1/p) elements, and
// between them the permutations that bring another digit of the index together. Order 2 is the
// Monarch matrix with as many blocks as they have elements, order lg n the butterfly.
//   FLOPs 2 N n (n_1 + ... + n_p), parameters n (n_1 + ... + n_p), n = n_1 ... n_p.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/factoring.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"
#include "workers/operators/stages/digit_mixer.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "monarch_p";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y = P_p B_p ... P_1 B_1 X, B_i block-diagonal over digit i of the index";
  description.source = "Fu et al., Monarch Mixer, NeurIPS 2023";
  description.flops_formula = "2 N n (n_1 + ... + n_p)";
  description.parameters = {{"order", "factors p", "3", 1, 20}, AxisParameter()};
  return description;
}

// Sizes of the digits, fastest first.
std::vector<int64_t> Sizes(int64_t n, int64_t order) {
  std::vector<int64_t> sizes;
  for (int64_t left = order; left > 0; --left) {
    const double aim = std::pow(static_cast<double>(n), 1.0 / static_cast<double>(left));
    sizes.push_back(left == 1 ? n : DivisorNear(n, aim));
    n /= sizes.back();
  }
  return sizes;
}

class MonarchP : public DigitMixer {
 public:
  MonarchP() : DigitMixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    BB_RETURN_IF_ERROR(RequireSquare(problem));
    const int64_t n = InputLength(problem), order = IntegerParameter(problem, "order");
    const std::vector<int64_t> sizes = Sizes(n, order);
    if (n == 1 || *std::min_element(sizes.begin(), sizes.end()) > 1) return absl::OkStatus();
    return absl::UnimplementedError(absl::StrCat("monarch_p: the length ", n, " is no product of ",
                                                 order, " near factors above 1"));
  }

  std::vector<Digit> Digits(const Problem& problem) const override {
    const int64_t n = InputLength(problem);
    std::vector<Digit> digits;
    int64_t inner = 1;
    for (const int64_t size : Sizes(n, IntegerParameter(problem, "order"))) {
      digits.push_back({.outer = n / (inner * size), .size = size, .inner = inner});
      inner *= size;
    }
    return digits;
  }
};

const RegisterOperator kRegister(std::make_unique<MonarchP>());

}  // namespace
}  // namespace basisbench
