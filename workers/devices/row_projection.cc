// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/row_projection.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"

namespace basisbench {

absl::Status CheckRowProjection(const DeviceMatrix& matrix, absl::Span<const double> weights) {
  BB_RETURN_IF_ERROR(CheckSize("projection", matrix.rows, matrix.cols));
  if (matrix.cols > 0 && static_cast<int64_t>(weights.size()) % matrix.cols == 0)
    return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(weights.size(), " weights are no whole number of vectors of ", matrix.cols));
}

RowProjections ProjectRowsOnHost(const DeviceMatrix& matrix, absl::Span<const double> weights) {
  RowProjections z;
  for (size_t first = 0; first < weights.size(); first += static_cast<size_t>(matrix.cols)) {
    for (int64_t i = 0; i < matrix.rows; ++i) {
      long double sum = 0;
      double squares = 0;
      for (int64_t j = 0; j < matrix.cols; ++j) {
        const double element = LoadElement(matrix.dtype, matrix.data, i * matrix.leading + j);
        const long double term =
            static_cast<long double>(element) * weights[first + static_cast<size_t>(j)];
        sum += term;
        squares += static_cast<double>(term * term);
      }
      z.value.push_back(static_cast<double>(sum));
      z.size.push_back(std::sqrt(squares));
    }
  }
  return z;
}

}  // namespace basisbench
