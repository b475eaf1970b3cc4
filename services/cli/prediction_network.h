// SPDX-License-Identifier: Apache-2.0
// A network as the user describes it. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/cli/prediction_model.h"

namespace basisbench {

// "latency=2us,bandwidth=25GB/s", both needed, in any order. Bandwidth is in bytes per second (B,
// kB, MB, GB, TB decimal; KiB, MiB, GiB, TiB binary) or, spelled out, in bits per second (kbit,
// Mbit, Gbit, Tbit). INVALID_ARGUMENT quotes the part that is wrong.
absl::StatusOr<LinkCost> ParseNetwork(const std::string& text);

}  // namespace basisbench
