// SPDX-License-Identifier: Apache-2.0
// What one rank does for a product of diagonals and transforms.
#pragma once

#include <memory>

#include "workers/operators/chain/chain.h"

namespace basisbench {

// Elements of workspace for so many vectors.
int64_t LocalChainElements(const Chain& chain, const Problem& problem, int64_t vectors);

// The chain outlives what is made.
absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocalChain(const Chain& chain,
                                                           const Problem& problem, Device& device,
                                                           const LocalOperands& operands);

}  // namespace basisbench
