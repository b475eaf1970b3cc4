// SPDX-License-Identifier: Apache-2.0
// How the convolution over one group of n elements is computed and what it costs. Stateless.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/operators/mixer/mixer.h"

namespace basisbench {

class GroupAlgorithm {
 public:
  virtual ~GroupAlgorithm() = default;

  // OK where a group of this kind has n elements; UNIMPLEMENTED naming n otherwise.
  virtual absl::Status CheckOrder(int64_t n) const = 0;
  // As those of Mixer, of a vector.
  virtual double Flops(int64_t n) const = 0;
  virtual double BackwardFlops(int64_t n) const = 0;
  virtual double Roundings(int64_t n) const = 0;
  virtual int64_t Elements(const Mixer& op, const Problem& problem, int64_t vectors) const = 0;
  virtual absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Mixer& op, const Problem& problem, Device& device,
      const LocalOperands& operands) const = 0;
};

// Z_2^k, a group of bits: its Fourier transform is that of Walsh and Hadamard.
const GroupAlgorithm& XorAlgorithm();

// The symmetries of a polygon of m = n / 2 corners, r^k s^e with index k + e m. Its irreducible
// representations have dimension 2 and 1; over the frequencies of Z_m they are products of 2 x 2
// matrices.
const GroupAlgorithm& DihedralAlgorithm();

}  // namespace basisbench
