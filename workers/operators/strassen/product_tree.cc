// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/strassen/product_tree.h"

#include <algorithm>

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

bool IsCut(int64_t levels, const ProductSize& size) {
  return levels > 0 && std::min({size.m, size.k, size.n}) >= 2;
}

ProductSize Half(const ProductSize& size) { return {size.m / 2, size.k / 2, size.n / 2}; }

double Real(int64_t value) { return static_cast<double>(value); }

// Multiplying with the last column of A, the last column of B, the last row of A.
double PeeledFlops(const ProductSize& size) {
  const auto [m, k, n] = size;
  const ProductSize even = {m / 2 * 2, k / 2 * 2, n / 2 * 2};
  return 2 * (Real(k - even.k) * Real(even.m) * Real(even.n) +
              Real(n - even.n) * Real(m) * Real(k) + Real(m - even.m) * Real(k) * Real(even.n));
}

struct OwnElements {
  int64_t s, t, p;
};

// Strassen's products that are added to two places, and whatever is not the lowest level, need a
// place of their own.
OwnElements OwnWorkspace(ProductTreeVariant variant, int64_t levels, const ProductSize& size) {
  const ProductSize half = Half(size);
  const bool lowest = !IsCut(levels - 1, half);
  const bool keeps_product = variant == ProductTreeVariant::kStrassen || !lowest;
  return {half.m * half.k, half.k * half.n, keeps_product ? half.m * half.n : 0};
}

}  // namespace

double ProductTree::Flops(ProductTreeVariant variant, int64_t levels, const ProductSize& size) {
  const auto [m, k, n] = size;
  if (!IsCut(levels, size)) return 2 * Real(m) * Real(k) * Real(n);
  const ProductSize half = Half(size);
  const bool winograd = variant == ProductTreeVariant::kWinograd;
  const double additions = (winograd ? 4 : 5) * (Real(half.m * half.k) + Real(half.k * half.n)) +
                           (winograd ? 7 : 8) * Real(half.m * half.n);
  return 7 * Flops(variant, levels - 1, half) + additions + PeeledFlops(size);
}

int64_t ProductTree::Workspace(ProductTreeVariant variant, int64_t levels,
                               const ProductSize& size) {
  if (!IsCut(levels, size)) return 0;
  const OwnElements own = OwnWorkspace(variant, levels, size);
  return own.s + own.t + own.p + Workspace(variant, levels - 1, Half(size));
}

int64_t ProductTree::Depth(int64_t levels, const ProductSize& size) {
  return IsCut(levels, size) ? 1 + Depth(levels - 1, Half(size)) : 0;
}

absl::Status ProductTree::Multiply(int64_t levels, const MatrixView& a, const MatrixView& b,
                                   const MatrixView& c, std::byte* workspace) const {
  const ProductSize size = {a.rows, a.cols, b.cols};
  if (!IsCut(levels, size)) return Gemm(a, b, 1, 0, c);
  const ProductSize half = Half(size), even = {2 * half.m, 2 * half.k, 2 * half.n};
  const OwnElements own = OwnWorkspace(variant_, levels, size);
  const int64_t bytes = DtypeSize(dtype_);
  const MatrixView even_a = Part(a, 0, 0, even.m, even.k), even_b = Part(b, 0, 0, even.k, even.n),
                   even_c = Part(c, 0, 0, even.m, even.n);
  Scratch scratch;
  scratch.s = Packed(workspace, Quarter(even_a, 0, 0));
  scratch.t = Packed(workspace + own.s * bytes, Quarter(even_b, 0, 0));
  scratch.p = Packed(workspace + (own.s + own.t) * bytes, Quarter(even_c, 0, 0));
  scratch.below = workspace + (own.s + own.t + own.p) * bytes;
  BB_RETURN_IF_ERROR(variant_ == ProductTreeVariant::kStrassen
                         ? Strassen(levels - 1, even_a, even_b, even_c, scratch)
                         : Winograd(levels - 1, even_a, even_b, even_c, scratch));
  return MultiplyPeeled(a, b, c, even);
}

absl::Status ProductTree::MultiplyPeeled(const MatrixView& a, const MatrixView& b,
                                         const MatrixView& c, const ProductSize& even) const {
  const int64_t m = a.rows, k = a.cols, n = b.cols;
  if (k > even.k)
    BB_RETURN_IF_ERROR(Gemm(Part(a, 0, even.k, even.m, 1), Part(b, even.k, 0, 1, even.n), 1, 1,
                            Part(c, 0, 0, even.m, even.n)));
  if (n > even.n)
    BB_RETURN_IF_ERROR(Gemm(a, Part(b, 0, even.n, k, 1), 1, 0, Part(c, 0, even.n, m, 1)));
  if (m == even.m) return absl::OkStatus();
  return Gemm(Part(a, even.m, 0, 1, k), Part(b, 0, 0, k, even.n), 1, 0,
              Part(c, even.m, 0, 1, even.n));
}

// M1 = (A11 + A22)(B11 + B22), M2 = (A21 + A22) B11, M3 = A11 (B12 - B22), M4 = A22 (B21 - B11),
// M5 = (A11 + A12) B22, M6 = (A21 - A11)(B11 + B12), M7 = (A12 - A22)(B21 + B22);
// C11 = M1 + M4 - M5 + M7, C12 = M3 + M5, C21 = M2 + M4, C22 = M1 - M2 + M3 + M6.
absl::Status ProductTree::Strassen(int64_t levels, const MatrixView& a, const MatrixView& b,
                                   const MatrixView& c, const Scratch& scratch) const {
  const MatrixView a11 = Quarter(a, 0, 0), a12 = Quarter(a, 0, 1), a21 = Quarter(a, 1, 0),
                   a22 = Quarter(a, 1, 1), b11 = Quarter(b, 0, 0), b12 = Quarter(b, 0, 1),
                   b21 = Quarter(b, 1, 0), b22 = Quarter(b, 1, 1), c11 = Quarter(c, 0, 0),
                   c12 = Quarter(c, 0, 1), c21 = Quarter(c, 1, 0), c22 = Quarter(c, 1, 1);
  const auto& [s, t, p, below] = scratch;
  // M1 in C11 and C22, M2 in C21, M3 in C12.
  BB_RETURN_IF_ERROR(Add(a11, 1, a22, s));
  BB_RETURN_IF_ERROR(Add(b11, 1, b22, t));
  BB_RETURN_IF_ERROR(Multiply(levels, s, t, c11, below));
  BB_RETURN_IF_ERROR(Add(a21, 1, a22, s));
  BB_RETURN_IF_ERROR(Multiply(levels, s, b11, c21, below));
  BB_RETURN_IF_ERROR(Add(c11, -1, c21, c22));
  BB_RETURN_IF_ERROR(Add(b12, -1, b22, t));
  BB_RETURN_IF_ERROR(Multiply(levels, a11, t, c12, below));
  BB_RETURN_IF_ERROR(Add(c22, 1, c12, c22));
  // M4 and M5 go to two places each.
  BB_RETURN_IF_ERROR(Add(b21, -1, b11, t));
  BB_RETURN_IF_ERROR(Multiply(levels, a22, t, p, below));
  BB_RETURN_IF_ERROR(Add(c11, 1, p, c11));
  BB_RETURN_IF_ERROR(Add(c21, 1, p, c21));
  BB_RETURN_IF_ERROR(Add(a11, 1, a12, s));
  BB_RETURN_IF_ERROR(Multiply(levels, s, b22, p, below));
  BB_RETURN_IF_ERROR(Add(c11, -1, p, c11));
  BB_RETURN_IF_ERROR(Add(c12, 1, p, c12));
  // M6, M7.
  BB_RETURN_IF_ERROR(Add(a21, -1, a11, s));
  BB_RETURN_IF_ERROR(Add(b11, 1, b12, t));
  BB_RETURN_IF_ERROR(Accumulate(levels, s, t, 1, c22, scratch));
  BB_RETURN_IF_ERROR(Add(a12, -1, a22, s));
  BB_RETURN_IF_ERROR(Add(b21, 1, b22, t));
  return Accumulate(levels, s, t, 1, c11, scratch);
}

// S1 = A21 + A22, S2 = S1 - A11, S3 = A11 - A21, S4 = A12 - S2; T1 = B12 - B11, T2 = B22 - T1,
// T3 = B22 - B12, T4 = T2 - B21; P1 = A11 B11, P2 = A12 B21, P3 = S4 B22, P4 = A22 T4, P5 = S1 T1,
// P6 = S2 T2, P7 = S3 T3; U2 = P1 + P6, U3 = U2 + P7, U4 = U2 + P5;
// C11 = P1 + P2, C12 = U4 + P3, C21 = U3 - P4, C22 = U3 + P5.
absl::Status ProductTree::Winograd(int64_t levels, const MatrixView& a, const MatrixView& b,
                                   const MatrixView& c, const Scratch& scratch) const {
  const MatrixView a11 = Quarter(a, 0, 0), a12 = Quarter(a, 0, 1), a21 = Quarter(a, 1, 0),
                   a22 = Quarter(a, 1, 1), b11 = Quarter(b, 0, 0), b12 = Quarter(b, 0, 1),
                   b21 = Quarter(b, 1, 0), b22 = Quarter(b, 1, 1), c11 = Quarter(c, 0, 0),
                   c12 = Quarter(c, 0, 1), c21 = Quarter(c, 1, 0), c22 = Quarter(c, 1, 1);
  const auto& [s, t, p, below] = scratch;
  // P7 in C21, P5 in C22, P6 in C12, P1 in C11; S4 and T2 stay.
  BB_RETURN_IF_ERROR(Add(a11, -1, a21, s));
  BB_RETURN_IF_ERROR(Add(b22, -1, b12, t));
  BB_RETURN_IF_ERROR(Multiply(levels, s, t, c21, below));
  BB_RETURN_IF_ERROR(Add(a21, 1, a22, s));
  BB_RETURN_IF_ERROR(Add(b12, -1, b11, t));
  BB_RETURN_IF_ERROR(Multiply(levels, s, t, c22, below));
  BB_RETURN_IF_ERROR(Add(s, -1, a11, s));
  BB_RETURN_IF_ERROR(Add(b22, -1, t, t));
  BB_RETURN_IF_ERROR(Multiply(levels, s, t, c12, below));
  BB_RETURN_IF_ERROR(Add(a12, -1, s, s));
  BB_RETURN_IF_ERROR(Multiply(levels, a11, b11, c11, below));
  // U2 and U4 in C12, U3 in C21.
  BB_RETURN_IF_ERROR(Add(c12, 1, c11, c12));
  BB_RETURN_IF_ERROR(Add(c21, 1, c12, c21));
  BB_RETURN_IF_ERROR(Add(c12, 1, c22, c12));
  BB_RETURN_IF_ERROR(Add(c22, 1, c21, c22));
  BB_RETURN_IF_ERROR(Accumulate(levels, s, b22, 1, c12, scratch));
  BB_RETURN_IF_ERROR(Add(t, -1, b21, t));
  BB_RETURN_IF_ERROR(Accumulate(levels, a22, t, -1, c21, scratch));
  return Accumulate(levels, a12, b21, 1, c11, scratch);
}

absl::Status ProductTree::Accumulate(int64_t levels, const MatrixView& a, const MatrixView& b,
                                     double sign, const MatrixView& c,
                                     const Scratch& scratch) const {
  if (!IsCut(levels, {a.rows, a.cols, b.cols})) return Gemm(a, b, sign, 1, c);
  BB_RETURN_IF_ERROR(Multiply(levels, a, b, scratch.p, scratch.below));
  return Add(c, sign, scratch.p, c);
}

absl::Status ProductTree::Gemm(const MatrixView& a, const MatrixView& b, double alpha, double beta,
                               const MatrixView& c) const {
  GemmArgs args{.dtype = dtype_};
  args.transpose_a = a.transposed ? Transpose::kYes : Transpose::kNo;
  args.transpose_b = b.transposed ? Transpose::kYes : Transpose::kNo;
  args.m = a.rows, args.n = b.cols, args.k = a.cols;
  args.alpha = alpha, args.beta = beta;
  args.a = a.data, args.lda = a.leading;
  args.b = b.data, args.ldb = b.leading;
  args.c = c.data, args.ldc = c.leading;
  return device_.Gemm(args);
}

absl::Status ProductTree::Add(const MatrixView& a, double sign, const MatrixView& b,
                              const MatrixView& sum) const {
  const int64_t rows = a.transposed ? a.cols : a.rows, cols = a.transposed ? a.rows : a.cols;
  ButterflyArgs args{.dtype = dtype_, .count = cols};
  args.x = a.data, args.z = b.data, args.sign = sign, args.y = sum.data;
  args.rows = rows;
  args.x_row_stride = a.leading, args.z_row_stride = b.leading, args.y_row_stride = sum.leading;
  return device_.Butterfly(args);
}

MatrixView ProductTree::Part(const MatrixView& whole, int64_t row, int64_t col, int64_t rows,
                             int64_t cols) const {
  const int64_t at = whole.transposed ? col * whole.leading + row : row * whole.leading + col;
  return {whole.data + at * DtypeSize(dtype_), rows, cols, whole.leading, whole.transposed};
}

MatrixView ProductTree::Quarter(const MatrixView& whole, int i, int j) const {
  const int64_t rows = whole.rows / 2, cols = whole.cols / 2;
  return Part(whole, i * rows, j * cols, rows, cols);
}

MatrixView ProductTree::Packed(std::byte* data, const MatrixView& like) {
  return {data, like.rows, like.cols, like.transposed ? like.rows : like.cols, like.transposed};
}

}  // namespace basisbench
