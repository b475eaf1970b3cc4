// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/factoring.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "workers/operators/parameters.h"

namespace basisbench {

int64_t DivisorNearRoot(int64_t length) {
  auto divisor = static_cast<int64_t>(std::sqrt(static_cast<double>(length)));
  while (length % divisor != 0) --divisor;
  return divisor;
}

int64_t DivisorNear(int64_t length, double aim) {
  const auto distance = [aim](int64_t divisor) {
    return std::fabs(std::log(static_cast<double>(divisor) / aim));
  };
  int64_t best = 1;
  for (int64_t low = 1; low * low <= length; ++low) {
    if (length % low != 0) continue;
    for (const int64_t divisor : {low, length / low}) {
      if (distance(divisor) < distance(best)) best = divisor;
    }
  }
  return best;
}

absl::Status CutEvenly(Problem& problem, const char* name, int64_t length) {
  DefaultParameter(problem, name, DivisorNearRoot(length));
  const int64_t parts = IntegerParameter(problem, name);
  if (length % parts == 0) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(problem.operator_name, ": ", name, " = ", parts,
                                               " does not divide the length ", length));
}

}  // namespace basisbench
