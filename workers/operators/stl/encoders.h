// SPDX-License-Identifier: Apache-2.0
// A bilinear algorithm for t x t matrices of rank r: Z = X W is (nearly) D ((E_X vec X) * (E_W vec
// W)), * elementwise, vec by rows. All in float64. Made once for each (init, t, r) and kept: thread
// safe, never fails for what CheckEncoders accepts.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace basisbench {

struct Encoders {
  int64_t tile = 0, rank = 0;
  std::vector<double> x, w;     // rank x tile^2
  std::vector<double> decoder;  // tile^2 x rank
};

// The rank of Strassen's algorithm, applied lg t times: 7^lg t. t is a power of two.
int64_t StrassenRank(int64_t tile);

// "strassen" (exact; t a power of two, r = 7^lg t), "naive_subset" (the first r of the t^3 products
// of elements, taken evenly over them), "als" (alternating least squares from a fixed start),
// "random" (no algorithm at all: Gaussian, for comparison). INVALID_ARGUMENT naming what is wrong.
absl::Status CheckEncoders(absl::string_view init, int64_t tile, int64_t rank);
const Encoders& EncodersOf(absl::string_view init, int64_t tile, int64_t rank);

// ||<t,t,t> - sum of the r rank-one tensors||^2 / t^3: the relative squared error of products of
// white matrices.
double TensorError(const Encoders& encoders);

}  // namespace basisbench
