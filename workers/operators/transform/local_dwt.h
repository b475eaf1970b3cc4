// SPDX-License-Identifier: Apache-2.0
// What one rank does for a wavelet transform: all levels of a block of vectors in the cache, each
// level a sum over the taps of strided matrices.
#pragma once

#include <memory>
#include <vector>

#include "workers/operators/mixer/mixer.h"

namespace basisbench {

// Elements of workspace for so many vectors.
int64_t LocalDwtElements(const Mixer& op, const Problem& problem, int64_t vectors);

// `filter` is h; the parameter `levels` says how often it is applied.
absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocalDwt(const Mixer& op, const Problem& problem,
                                                         std::vector<double> filter, Device& device,
                                                         const LocalOperands& operands);

}  // namespace basisbench
