// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier_bound.h"

namespace basisbench {

std::optional<double> SpeedupBound(double dense_flops, double activation_bytes,
                                   const MachineRates& rates) {
  const bool known = dense_flops > 0 && activation_bytes > 0 && rates.flops_per_second > 0 &&
                     rates.bytes_per_second > 0;
  if (!known) return std::nullopt;
  return (dense_flops / rates.flops_per_second) / (activation_bytes / rates.bytes_per_second);
}

bool IsComputeBound(double flops, double bytes, const MachineRates& rates) {
  return flops * rates.bytes_per_second > bytes * rates.flops_per_second;
}

}  // namespace basisbench
