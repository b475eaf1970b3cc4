// SPDX-License-Identifier: Apache-2.0
// Rows of n real numbers in workspace and, in the same place, their n/2 + 1 Fourier coefficients:
// a cyclic convolution of length n is a product of these. Belongs to one plan.
#pragma once

#include <memory>

#include "workers/operators/mixer/blocked_mixer.h"

namespace basisbench {

class RowSpectra {
 public:
  static int64_t Half(int64_t n) { return n / 2 + 1; }
  // Elements that a row takes up.
  static int64_t Leading(int64_t n) { return 2 * Half(n); }

  // For blocks of rows; transforms are planned for the sizes these have.
  absl::Status Allocate(Device& device, Dtype dtype, int64_t n, const Blocks& blocks);

  // `from` has `elements` columns; the rest of each row becomes zero.
  absl::Status Load(int64_t rows, int64_t elements, const Source& from);
  absl::Status ToSpectra(int64_t rows) { return Execute(rows, 0); }
  // Unnormalised: n times the inverse.
  absl::Status ToRows(int64_t rows) { return Execute(rows, 1); }

  // Spectra times those of `w`, one for each row or the same for all.
  struct Factor {
    const RowSpectra* of = nullptr;
    bool same = false;
    bool conjugate = false;
    double scale = 1.0;
  };
  absl::Status Times(int64_t rows, const Factor& w) { return TimesInto(rows, w, *this); }
  // to = this w; with `add` to what is there.
  absl::Status TimesInto(int64_t rows, const Factor& w, RowSpectra& to, bool add = false) const;
  // Row 0 of `sum` becomes the sum over rows of this conj(of), or is added to.
  absl::Status SumInto(int64_t rows, const RowSpectra& of, bool add, RowSpectra& sum) const;

  Source real() const { return {data_.data(), Leading(n_), 1}; }
  Target place() { return {data_.data(), Leading(n_), 1}; }
  int64_t leading() const { return Leading(n_); }

 private:
  absl::Status Execute(int64_t rows, int direction);

  Device* device_ = nullptr;
  Dtype dtype_ = Dtype::kF32;
  int64_t n_ = 0;
  Buffer data_;
  struct Plans {
    int64_t rows = 0;
    std::unique_ptr<FftPlan> plan[2];
  };
  std::vector<Plans> plans_;
};

}  // namespace basisbench
