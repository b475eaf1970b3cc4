// SPDX-License-Identifier: Apache-2.0
// What one rank does for a Toeplitz-like matrix: a negacyclic convolution and a cyclic one for each
// unit of displacement rank. The sums over those are taken of spectra.
#pragma once

#include <memory>

#include "workers/operators/mixer/mixer.h"

namespace basisbench {

// Elements of workspace for so many vectors.
int64_t LocalLdrElements(const Mixer& op, const Problem& problem, int64_t vectors);

// Parameter `rank`; weights g and h, in this order.
absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocalLdr(const Mixer& op, const Problem& problem,
                                                         Device& device,
                                                         const LocalOperands& operands);

}  // namespace basisbench
