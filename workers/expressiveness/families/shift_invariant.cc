// SPDX-License-Identifier: Apache-2.0
// Convolutions: linear subspaces of matrices constant along diagonals, whose closest member is the
// average along each.
//   circulant  Y_i = sum_j c[(i-j) mod n] x_j     n numbers; two real FFTs and a product
//   toeplitz   Y_i = sum_j t[i-j] x_j             2n-1 numbers; real FFTs of length 2n
//   polymul    product modulo x^n: a lower-triangular Toeplitz matrix, n numbers. long_conv without
//              gates is the same for every channel.
//   short_conv the `taps` first diagonals of that, computed directly
#include <algorithm>
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/expressiveness/families/averaging.h"
#include "workers/expressiveness/families/families.h"

namespace basisbench {
namespace {

double CircularFlops(int64_t n) {
  const double size = static_cast<double>(n);
  return 5 * size * std::log2(size) + 3 * size;
}
double PaddedFlops(int64_t n) {
  const double size = static_cast<double>(n);
  return 10 * size * std::log2(2 * size) + 6 * size;
}

absl::StatusOr<Family> MakeCirculant(const FamilyRequest& request) {
  const int64_t n = request.n;
  return MakeAveraged({n, n, CircularFlops(n)}, n,
                      [n](int64_t i, int64_t j) { return (i - j + n) % n; });
}

absl::StatusOr<Family> MakeToeplitz(const FamilyRequest& request) {
  const int64_t n = request.n, classes = 2 * n - 1;
  return MakeAveraged({classes, classes, PaddedFlops(n)}, classes,
                      [n](int64_t i, int64_t j) { return i - j + n - 1; });
}

absl::StatusOr<Family> MakePolynomialProduct(const FamilyRequest& request) {
  const int64_t n = request.n;
  return MakeAveraged({n, n, PaddedFlops(n)}, n, [](int64_t i, int64_t j) { return i - j; });
}

absl::StatusOr<Family> MakeShortConvolution(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckAtMost(request, "taps", request.n));
  const int64_t taps = request.Integer("taps");
  return MakeAveraged({taps, taps, 2.0 * static_cast<double>(taps * request.n)}, taps,
                      [taps](int64_t i, int64_t j) { return i - j < taps ? i - j : -1; });
}

}  // namespace

std::vector<CatalogueEntry> ShiftInvariantFamilies() {
  return {{"circulant", {}, MakeCirculant, "", nullptr},
          {"toeplitz", {}, MakeToeplitz, "", nullptr},
          {"polymul", {}, MakePolynomialProduct, "", nullptr},
          {"long_conv", {}, MakePolynomialProduct, "", nullptr},
          {"short_conv",
           {NumberParameter("taps", [](int64_t) { return 4; })},
           MakeShortConvolution,
           "taps",
           EveryRank}};
}

}  // namespace basisbench
