// SPDX-License-Identifier: Apache-2.0
// Matrices of the classical transforms, from their definitions. Orthonormal (unitary). n is a power
// of two for WHT and wavelets. Pure functions.
#pragma once

#include <cstdint>

#include "workers/expressiveness/matrix.h"

namespace basisbench {

// F[j,k] = exp(-2 pi i jk / n) / sqrt(n).
Matrix<Complex> DftMatrix(int64_t n);
// C[k,j] = s_k cos(pi (2j+1) k / 2n), s_0 = sqrt(1/n), s_k = sqrt(2/n).
Matrix<double> DctMatrix(int64_t n);
// H[j,k] = (-1)^popcount(j and k) / sqrt(n).
Matrix<double> WhtMatrix(int64_t n);
// Haar wavelets as rows: the constant, then 2^j wavelets of scale j from coarse to fine.
Matrix<double> HaarWaveletMatrix(int64_t n);
// (cos + sin)(2 pi jk / n) / sqrt(n).
Matrix<double> HartleyMatrix(int64_t n);

}  // namespace basisbench
