// SPDX-License-Identifier: Apache-2.0
// C = A B with fewer multiplications: each level cuts the three matrices into quarters and makes
// seven products of half the size out of them, in place of eight. Odd last rows and columns are
// peeled off and multiplied the ordinary way, so that no shape is refused and nothing is padded; a
// side of 1 ends the descent. One thread; borrows the device and the workspace; never allocates.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/device.h"

namespace basisbench {

// Strassen: 18 additions of quarters a level. Winograd: 15, of sums of more terms.
enum class ProductTreeVariant { kStrassen, kWinograd };

// A part of a matrix in memory; `transposed` reads it the other way round.
struct MatrixView {
  std::byte* data = nullptr;
  int64_t rows = 0, cols = 0;  // as it is read
  int64_t leading = 0;         // elements, of the matrix as it lies
  bool transposed = false;
};

struct ProductSize {
  int64_t m = 0, k = 0, n = 0;  // A is m x k, B is k x n
};

class ProductTree {
 public:
  ProductTree(Device& device, Dtype dtype, ProductTreeVariant variant, int64_t levels)
      : device_(device), dtype_(dtype), variant_(variant), levels_(levels) {}

  // FLOPs of a product, additions of quarters among them, and elements of workspace.
  static double Flops(ProductTreeVariant variant, int64_t levels, const ProductSize& size);
  static int64_t Workspace(ProductTreeVariant variant, int64_t levels, const ProductSize& size);
  // Levels that a product of this size is really cut into.
  static int64_t Depth(int64_t levels, const ProductSize& size);

  // C is not transposed. `workspace` has room for Workspace elements and is scratch.
  absl::Status Multiply(const MatrixView& a, const MatrixView& b, const MatrixView& c,
                        std::byte* workspace) const {
    return Multiply(levels_, a, b, c, workspace);
  }

 private:
  struct Scratch {
    MatrixView s, t, p;  // a sum of quarters of A, one of B, a product
    std::byte* below;    // workspace of the level below
  };

  absl::Status Multiply(int64_t levels, const MatrixView& a, const MatrixView& b,
                        const MatrixView& c, std::byte* workspace) const;
  // What the even part leaves out.
  absl::Status MultiplyPeeled(const MatrixView& a, const MatrixView& b, const MatrixView& c,
                              const ProductSize& even) const;
  absl::Status Strassen(int64_t levels, const MatrixView& a, const MatrixView& b,
                        const MatrixView& c, const Scratch& scratch) const;
  absl::Status Winograd(int64_t levels, const MatrixView& a, const MatrixView& b,
                        const MatrixView& c, const Scratch& scratch) const;
  // c += sign a b: in one call at the lowest level, through scratch.p above it.
  absl::Status Accumulate(int64_t levels, const MatrixView& a, const MatrixView& b, double sign,
                          const MatrixView& c, const Scratch& scratch) const;
  absl::Status Gemm(const MatrixView& a, const MatrixView& b, double alpha, double beta,
                    const MatrixView& c) const;
  // sum = a + sign b, where the three lie alike; sum may be a or b.
  absl::Status Add(const MatrixView& a, double sign, const MatrixView& b,
                   const MatrixView& sum) const;
  MatrixView Part(const MatrixView& whole, int64_t row, int64_t col, int64_t rows,
                  int64_t cols) const;
  MatrixView Quarter(const MatrixView& whole, int i, int j) const;
  // A matrix of its own, lying as a part of `like` does.
  static MatrixView Packed(std::byte* data, const MatrixView& like);

  Device& device_;
  const Dtype dtype_;
  const ProductTreeVariant variant_;
  const int64_t levels_;
};

}  // namespace basisbench
