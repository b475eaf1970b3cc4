// SPDX-License-Identifier: Apache-2.0
// One level of a wavelet transform and its adjoint on a block of vectors,
//   a[i] = sum_l h_l x[2i + l],  d[i] = sum_l g_l x[2i + l],  g_l = (-1)^l h_(L-1-l),
// each a sum over the taps of strided matrices. What is beyond an end of a vector is at its other
// end, or somewhere else. One thread; borrows the device and all it is given; never allocates.
#pragma once

#include <vector>

#include "workers/operators/mixer/blocked_mixer.h"

namespace basisbench {

// Sums a and differences d of a level: both are rows of matrices, one for each vector.
struct SumsAndDifferences {
  Source a, d;
};

class WaveletStep {
 public:
  // `low` is h.
  WaveletStep(Dtype dtype, Device& device, std::vector<double> low);

  // q / 2 sums and differences from q elements (even). `after`, at least L - 2 elements, is what
  // follows them; null: they start again.
  absl::Status Split(int64_t vectors, int64_t q, const Source& x, const Source* after,
                     const Target& a, const Target& d) const;

  // q elements from q / 2 sums and differences. `before` is where what precedes them ends, (L - 2)
  // / 2 of both; null: they go round.
  absl::Status Join(int64_t vectors, int64_t q, const SumsAndDifferences& from,
                    const SumsAndDifferences* before, const Target& x) const;

  // Element `at` of each vector, and on from there.
  Source From(const Source& x, int64_t at) const {
    return {ElementAt(dtype_, x.data, at * x.col), x.row, x.col};
  }
  Target From(const Target& x, int64_t at) const {
    return {ElementAt(dtype_, x.data, at * x.col), x.row, x.col};
  }

 private:
  // to = factor * from, or is added to, for `cols` elements of each vector.
  absl::Status Add(int64_t vectors, int64_t cols, double factor, const Source& from, bool add,
                   const Target& to) const;

  const Dtype dtype_;
  Device& device_;
  std::vector<double> low_, high_;
};

}  // namespace basisbench
