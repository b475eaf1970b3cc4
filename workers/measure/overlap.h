// SPDX-License-Identifier: Apache-2.0
// How much of the communication hides behind arithmetic. Pure.
#pragma once

#include <optional>

namespace basisbench {

// clamp(1 - (total - compute) / communication, 0, 1), each part measured alone; absent without
// communication.
std::optional<double> OverlapRatio(double total_seconds, double compute_seconds,
                                   double communication_seconds);

}  // namespace basisbench
