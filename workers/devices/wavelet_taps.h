// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace basisbench {

// Of the longest filter that devices transform with: Daubechies' db8 has as many.
inline constexpr int kMostWaveletTaps = 16;

}  // namespace basisbench
