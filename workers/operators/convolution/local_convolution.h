// SPDX-License-Identifier: Apache-2.0
// What one rank does for a convolution.
#pragma once

#include <memory>

#include "workers/operators/convolution/convolution.h"

namespace basisbench {

// Elements of workspace for so many vectors.
int64_t LocalConvolutionElements(const Convolution& op, const Problem& problem, int64_t vectors);

absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocalConvolution(const Convolution& op,
                                                                 const Problem& problem,
                                                                 Device& device,
                                                                 const LocalOperands& operands);

}  // namespace basisbench
