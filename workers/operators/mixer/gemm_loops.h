// SPDX-License-Identifier: Apache-2.0
// A matrix product repeated along several indices at once, each with a stride of its own in every
// operand: the products of structured matrices on arrays of many indices.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "workers/devices/device.h"

namespace basisbench {

// One index: how far it moves each operand, in elements. Where it leaves C in place, products add
// up.
struct Loop {
  int64_t count = 1;
  int64_t a = 0, b = 0, c = 0;
};

// Every combination of the indices; the longest that moves C is the batch of one device call, so
// the batch of `args` is not used. What is in C counts by args.beta before the first product that
// is added to it.
absl::Status GemmOver(Device& device, const GemmArgs& args, absl::Span<const Loop> loops);

}  // namespace basisbench
