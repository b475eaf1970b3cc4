// SPDX-License-Identifier: Apache-2.0
// Orthonormal wavelet transforms with periodic extension, from their filters (Daubechies, "Ten
// lectures on wavelets", 1992). Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workers/expressiveness/matrix.h"

namespace basisbench {

// haar, db2, db3, db4: filters of 2, 4, 6 and 8 taps.
std::vector<std::string> WaveletNames();

// The low-pass filter h of one of WaveletNames(): sum h = sqrt(2), sum h^2 = 1.
std::vector<double> WaveletFilter(const std::string& name);

// `levels` times: a_i = sum_l h_l x_(2i+l), d_i = sum_l (-1)^l h_(L-1-l) x_(2i+l), then the same on
// a. Rows are the last a, then d from coarse to fine. n is a multiple of 2^levels.
Matrix<double> WaveletMatrix(const std::vector<double>& filter, int64_t levels, int64_t n);

}  // namespace basisbench
