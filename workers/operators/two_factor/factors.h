// SPDX-License-Identifier: Apache-2.0
// The products of the two factors on a tile of vectors (two_factor.h), for the whole of a map or
// for some of its digits. Arrays and weights lie as there, without gaps; what is given as `add` is
// added to instead of set. One thread; borrows the device and all it is given.
#pragma once

#include <array>

#include "workers/operators/mixer/gemm_loops.h"
#include "workers/operators/two_factor/two_factor.h"

namespace basisbench {

class Factors {
 public:
  // `b_leading`: how far rows of B are apart, at least shape.sums().
  Factors(const TwoFactorShape& shape, int64_t b_leading, Dtype dtype, Device& device)
      : s_(shape),
        pairs_(shape.phi * shape.rho),
        by_pairs_(pairs_ > shape.delta),
        b_leading_(b_leading),
        dtype_(dtype),
        device_(device) {}

  // z = A x; dx = A^T dz; dA += dz x^T.
  absl::Status First(int64_t vectors, const void* a, const void* x, void* z) const;
  absl::Status FirstAdjoint(int64_t vectors, const void* a, const void* dz, bool add,
                            void* dx) const;
  absl::Status FirstGradient(int64_t vectors, const void* dz, const void* x, bool add,
                             void* da) const;
  // y = B z; dz = B^T dy; dB += dy z^T.
  absl::Status Second(int64_t vectors, const void* b, const void* z, bool add, void* y) const;
  absl::Status SecondAdjoint(int64_t vectors, const void* b, const void* dy, void* dz) const;
  absl::Status SecondGradient(int64_t vectors, const void* dy, const void* z, bool add,
                              void* db) const;

 private:
  // One of the first factor's arrays: distances of its indices, in elements.
  struct Distances {
    int64_t gamma = 0, beta = 0, pair = 0, delta = 0, alpha = 0;
  };
  Distances OfX(int64_t vectors) const {
    return {.gamma = s_.beta * s_.alpha * vectors, .beta = s_.alpha * vectors, .alpha = vectors};
  }
  Distances OfA() const {
    return {.gamma = pairs_ * s_.delta * s_.alpha,
            .pair = s_.delta * s_.alpha,
            .delta = s_.alpha,
            .alpha = 1};
  }
  Distances OfZ(int64_t vectors) const {
    return {.gamma = s_.beta * s_.delta * vectors,
            .beta = s_.delta * vectors,
            .pair = s_.gamma * s_.beta * s_.delta * vectors,
            .delta = vectors};
  }
  // Loops over what is neither the row nor the column of a product of the first factor.
  std::array<Loop, 3> Loops(const Distances& a, const Distances& b, const Distances& c) const {
    const Loop gamma{s_.gamma, a.gamma, b.gamma, c.gamma}, beta{s_.beta, a.beta, b.beta, c.beta};
    const Loop pair{pairs_, a.pair, b.pair, c.pair}, delta{s_.delta, a.delta, b.delta, c.delta};
    return {gamma, beta, by_pairs_ ? delta : pair};
  }
  int64_t Rows() const { return by_pairs_ ? pairs_ : s_.delta; }
  int64_t RowDistance(const Distances& d) const { return by_pairs_ ? d.pair : d.delta; }
  // Of the second factor's products, one for each phi, by matrix.
  int64_t OfB() const { return s_.epsilon * b_leading_; }

  const TwoFactorShape s_;
  const int64_t pairs_;  // (phi, rho)
  const bool by_pairs_;
  const int64_t b_leading_;
  const Dtype dtype_;
  Device& device_;
};

}  // namespace basisbench
