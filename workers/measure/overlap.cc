// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/overlap.h"

#include <algorithm>

namespace basisbench {

std::optional<double> OverlapRatio(double total_seconds, double compute_seconds,
                                   double communication_seconds) {
  if (!(communication_seconds > 0)) return std::nullopt;
  const double exposed = total_seconds - compute_seconds;
  return std::clamp(1 - exposed / communication_seconds, 0.0, 1.0);
}

}  // namespace basisbench
