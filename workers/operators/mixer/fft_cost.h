// SPDX-License-Identifier: Apache-2.0
// The usual counts for a Fourier transform of length n. Pure functions.
#pragma once

#include <cmath>
#include <cstdint>

namespace basisbench {

// FLOPs of one with real input or real output.
inline double RealFftFlops(int64_t n) {
  return 2.5 * static_cast<double>(n) * std::log2(static_cast<double>(n));
}

// FLOPs of a cosine transform by one.
inline double DctFlops(int64_t n) { return RealFftFlops(n) + 3 * static_cast<double>(n); }

// Roundings of one element: a stage adds and multiplies, about four for each of lg n stages.
inline double FftRoundings(int64_t n) { return 4 * (2 + std::log2(static_cast<double>(n))); }

}  // namespace basisbench
