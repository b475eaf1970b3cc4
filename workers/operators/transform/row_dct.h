// SPDX-License-Identifier: Apache-2.0
// Orthonormal DCT-II of rows by a real Fourier transform of the same length (Makhoul, IEEE Trans.
// ASSP 1980): with v = (x_0, x_2, ..., x_3, x_1) and V its transform, y_k = s_k Re(t_k V_k) and
// y_(n-k) = -s_k Im(t_k V_k), t_k = exp(-i pi k / 2n). The adjoint, the inverse, goes back the
// same way.
#pragma once

#include "workers/operators/mixer/row_spectra.h"
#include "workers/operators/transform/row_transform.h"

namespace basisbench {

class RowDct : public RowTransform {
 public:
  // Elements of workspace for blocks of so many rows.
  static int64_t Elements(int64_t n, int64_t rows) {
    return rows * RowSpectra::Leading(n) + 4 * RowSpectra::Coefficients(n);
  }

  absl::Status Allocate(Device& device, Dtype dtype, int64_t n, const Blocks& blocks,
                        Ways ways = Ways::kBoth);

  absl::Status Apply(int64_t rows, const Source& from, const Target& to) override;
  absl::Status Adjoint(int64_t rows, const Source& from, const Target& to) override;

 private:
  absl::Status Times(int64_t rows, const Buffer& twiddles);

  Device* device_ = nullptr;
  Dtype dtype_ = Dtype::kF32;
  int64_t n_ = 0;
  RowSpectra spectra_;
  Buffer there_, back_;  // twiddles with the scaling
};

}  // namespace basisbench
