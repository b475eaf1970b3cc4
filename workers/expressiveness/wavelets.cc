// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/wavelets.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace basisbench {

std::vector<std::string> WaveletNames() { return {"haar", "db2", "db3", "db4"}; }

std::vector<double> WaveletFilter(const std::string& name) {
  if (name == "db2") {
    const double root = std::numbers::sqrt3, scale = 4 * std::numbers::sqrt2;
    return {(1 + root) / scale, (3 + root) / scale, (3 - root) / scale, (1 - root) / scale};
  }
  if (name == "db3") {
    return {0.3326705529509569,   0.8068915093133388,   0.4598775021193313,
            -0.13501102001039084, -0.08544127388224149, 0.035226291882100656};
  }
  if (name == "db4") {
    return {0.23037781330885523,  0.7148465705525415,   0.6308807679295904,
            -0.02798376941698385, -0.18703481171888114, 0.030841381835986965,
            0.032883011666982945, -0.010597401784997278};
  }
  return {1 / std::numbers::sqrt2, 1 / std::numbers::sqrt2};
}

Matrix<double> WaveletMatrix(const std::vector<double>& filter, int64_t levels, int64_t n) {
  Matrix<double> out = Identity<double>(n);
  const int64_t taps = static_cast<int64_t>(filter.size());
  for (int64_t length = n; levels > 0; --levels, length /= 2) {
    Matrix<double> next(length, n);
    for (int64_t i = 0; i < length / 2; ++i) {
      for (int64_t l = 0; l < taps; ++l) {
        const double* from = out.row((2 * i + l) % length);
        const double high = (l % 2 == 0 ? 1 : -1) * filter[taps - 1 - l];
        for (int64_t j = 0; j < n; ++j) {
          next(i, j) += filter[l] * from[j];
          next(length / 2 + i, j) += high * from[j];
        }
      }
    }
    std::copy(next.elements().begin(), next.elements().end(), out.data());
  }
  return out;
}

}  // namespace basisbench
