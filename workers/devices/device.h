// SPDX-License-Identifier: Apache-2.0
// The primitives every operator is composed of, on one device. Operators are written once against
// this interface; CPU and CUDA implement it. All matrices are row-major with a leading dimension in
// elements. Calls are issued in order on the device's stream; Synchronize() waits for all of them.
// One device belongs to one thread. Preparing (Allocate, Make...) may allocate and fail; executing
// never allocates.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "workers/devices/buffer.h"
#include "workers/devices/dtype.h"
#include "workers/devices/nonlinearity.h"
#include "workers/devices/row_projection.h"
#include "workers/devices/transforms.h"

namespace basisbench {

enum class Transpose { kNo, kYes };

// For b in [0, batch): C_b = alpha * op(A_b) op(B_b) + beta * C_b, op(A) is m x k, op(B) is k x n,
// C is m x n. Strides are distances in elements between consecutive matrices of the batch; 0
// repeats the operand.
struct GemmArgs {
  Dtype dtype = Dtype::kF32;
  Transpose transpose_a = Transpose::kNo;
  Transpose transpose_b = Transpose::kNo;
  int64_t m = 0, n = 0, k = 0;
  double alpha = 1.0;
  const void* a = nullptr;
  int64_t lda = 0, stride_a = 0;
  const void* b = nullptr;
  int64_t ldb = 0, stride_b = 0;
  double beta = 0.0;
  void* c = nullptr;
  int64_t ldc = 0, stride_c = 0;
  int64_t batch = 1;
};

// Copies a rows x cols matrix between two strided places of the same device, which do not overlap.
// Strides may be negative: then that index runs backwards from the given place.
struct CopyArgs {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, cols = 0;
  const void* from = nullptr;
  int64_t from_row_stride = 0, from_col_stride = 1;
  void* to = nullptr;
  int64_t to_row_stride = 0, to_col_stride = 1;
  // Bytes that the pass over memory moves of which this copy is a part; 0 for a copy by itself.
  // More than the cache holds may be written around it.
  int64_t pass_bytes = 0;
};

// y = scale * (x + sign * z), elementwise over `rows` rows of `count` contiguous elements; y may be
// x or z (same stride). Row strides, in elements, matter only where there are several rows.
struct ButterflyArgs {
  Dtype dtype = Dtype::kF32;
  int64_t count = 0;
  const void* x = nullptr;
  const void* z = nullptr;
  double sign = 1.0, scale = 1.0;
  void* y = nullptr;
  int64_t rows = 1;
  int64_t x_row_stride = 0, z_row_stride = 0, y_row_stride = 0;
};

// y[j] = scale * (x[j] + z[(count - j) mod count]) over contiguous elements: twice the even part of
// x when z is x. y overlaps neither.
struct ReflectArgs {
  Dtype dtype = Dtype::kF32;
  int64_t count = 0;
  const void* x = nullptr;
  const void* z = nullptr;
  double scale = 1.0;
  void* y = nullptr;
};

// Two columns of conjugate symmetry as one complex column, so that a complex transform along them
// gives two real ones, side by side. Of rows i (x) and -i (z) of `count` columns, e = scale * (x +
// conj(z)) is row i of the even part, or e = scale * x where z is null; then
//   y[j] = e[2j] + i e[2j+1], row i of the pairs, and mirror[j] = conj(e[2j]) + i conj(e[2j+1]),
//   row -i,
// for j < (count + 1) / 2, with zeros in place of a last column that is missing. y may be mirror;
// neither overlaps x or z. Complex numbers are interleaved pairs.
struct PairArgs {
  Dtype dtype = Dtype::kF32;
  int64_t count = 0;
  const void* x = nullptr;
  const void* z = nullptr;
  double scale = 1.0;
  void* y = nullptr;
  void* mirror = nullptr;
};

// y[i,j] = alpha x[i,j] w[i,j] + beta y[i,j] over rows x cols. Every operand has strides of its own
// in elements, 0 repeats it: diagonals, gates, twiddles, sums. Without w it is alpha x + beta y;
// with beta 0 the old y is not read. y may be x or w (same strides), otherwise it overlaps neither.
// `complex`: elements are interleaved pairs; alpha and beta stay real.
struct ProductArgs {
  Dtype dtype = Dtype::kF32;
  bool complex = false;
  int64_t rows = 0, cols = 0;
  double alpha = 1.0;
  const void* x = nullptr;
  int64_t x_row_stride = 0, x_col_stride = 1;
  const void* w = nullptr;
  int64_t w_row_stride = 0, w_col_stride = 1;
  bool conjugate_w = false;
  double beta = 0.0;
  void* y = nullptr;
  int64_t y_row_stride = 0, y_col_stride = 1;
};

// y[j] = beta y[j] + alpha sum_i x[i,j] w[i,j] over rows x cols: gradients of diagonals. Without w,
// the sums of the columns of x. The sum is taken in the dtype, in blocks.
struct ColumnSumArgs {
  Dtype dtype = Dtype::kF32;
  bool complex = false;
  int64_t rows = 0, cols = 0;
  double alpha = 1.0;
  const void* x = nullptr;
  int64_t x_row_stride = 0, x_col_stride = 1;
  const void* w = nullptr;
  int64_t w_row_stride = 0, w_col_stride = 1;
  bool conjugate_w = false;
  double beta = 0.0;
  void* y = nullptr;
  int64_t y_stride = 1;
};

// y[i,j] = f(x[i,j]) w[i,j] over rows x cols of contiguous elements, f being the activation.
// Without w it is f(x). y may be x or w (same stride), otherwise it overlaps neither.
struct ActivationArgs {
  Dtype dtype = Dtype::kF32;
  Nonlinearity activation = Nonlinearity::kNone;
  int64_t rows = 0, cols = 0;
  const void* x = nullptr;
  int64_t x_row_stride = 0;
  const void* w = nullptr;
  int64_t w_row_stride = 0;
  void* y = nullptr;
  int64_t y_row_stride = 0;
};

// Its gradients, dx = dy w f'(x) and dw = dy f(x), in one pass; w and dw are given together or not
// at all. The results overlap nothing.
struct ActivationGradientArgs {
  Dtype dtype = Dtype::kF32;
  Nonlinearity activation = Nonlinearity::kNone;
  int64_t rows = 0, cols = 0;
  const void* x = nullptr;
  int64_t x_row_stride = 0;
  const void* w = nullptr;
  int64_t w_row_stride = 0;
  const void* dy = nullptr;
  int64_t dy_row_stride = 0;
  void* dx = nullptr;
  int64_t dx_row_stride = 0;
  void* dw = nullptr;
  int64_t dw_row_stride = 0;
};

// y[i,j] = x[i, index[j]] over rows x cols; `index` is device memory of int32. y does not overlap
// x.
struct GatherArgs {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, cols = 0;
  const int32_t* index = nullptr;
  const void* x = nullptr;
  int64_t x_row_stride = 0, x_col_stride = 1;
  void* y = nullptr;
  int64_t y_row_stride = 0, y_col_stride = 1;
};

// A block of columns of the scores of a softmax, taken over the rows of several such blocks.
// Causal: row i sees column j only where j <= i + diagonal; what it does not see counts as
// -infinity.
struct ScoreBlock {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, cols = 0;
  double scale = 1.0;  // of every score
  bool causal = false;
  int64_t diagonal = 0;
  void* scores = nullptr;
  int64_t row_stride = 0;
};

// Adds a block to a softmax under way: scores become exp(scale * score - max), max being the
// largest so far of their row; `sum` is brought up to date, and the rows of y (rows x width), which
// were added up under the old max, are scaled to the new one. At the start max is anything below
// every score, sum and y are 0.
struct SoftmaxStepArgs {
  ScoreBlock block;
  void* max = nullptr;  // a value for each row
  void* sum = nullptr;
  void* y = nullptr;
  int64_t width = 0, y_row_stride = 0;
};

// After the last block: y /= sum, and `max` becomes the logarithm of the sum of exp(scale * score).
struct SoftmaxEndArgs {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0;
  void* max = nullptr;
  const void* sum = nullptr;
  void* y = nullptr;
  int64_t width = 0, y_row_stride = 0;
};

// Scores become the probabilities p = exp(scale * score - log_sum) and `gradient`, which holds that
// of p, becomes that of the score, scale * p * (gradient - mean); mean is the sum over the row of p
// times its gradient. 0 where hidden.
struct SoftmaxGradientArgs {
  ScoreBlock block;
  const void* log_sum = nullptr;  // a value for each row
  const void* mean = nullptr;
  void* gradient = nullptr;
  int64_t gradient_row_stride = 0;
};

// Logarithms of running products of decays sigmoid(x), down the rows, starting anew every `period`
// rows: y[i,j] = sum of log sigmoid(x[t,j]) over the rows t of i's period up to i. Without gaps.
struct DecaySumArgs {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, cols = 0, period = 1;
  const void* x = nullptr;
  void* y = nullptr;
};

// y[i,j] = x[i,j] exp(plus[i] - minus[i,j]) over rows x cols; what is null counts as 0. Causal: 0
// where j > i. y may be x.
struct DecayProductArgs {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, cols = 0;
  const void* x = nullptr;
  int64_t x_row_stride = 0;
  const void* plus = nullptr;
  int64_t plus_row_stride = 0;
  const void* minus = nullptr;
  int64_t minus_row_stride = 0, minus_col_stride = 0;
  bool causal = false;
  void* y = nullptr;
  int64_t y_row_stride = 0;
};

// The gradient of DecaySum without periods: y[i,j] = (1 - sigmoid(x[i,j])) * (sum of of_sums[t,j]
// over t >= i). Without gaps.
struct DecayGradientArgs {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, cols = 0;
  const void* x = nullptr;
  const void* of_sums = nullptr;
  void* y = nullptr;
};

// Linear stages on `cols` vectors of n elements side by side, element i of vector j at x[i * cols +
// j]: stage s takes each pair of elements (i, i + strides[s]) through a 2 x 2 block of its own. n
// is a multiple of twice every stride. y may be x.
struct StagesArgs {
  Dtype dtype = Dtype::kF32;
  int64_t n = 0, cols = 0;
  absl::Span<const int64_t> strides;
  // [stage][pair][to][from], the pairs of a stage by their first elements: n / 2 of them.
  const void* blocks = nullptr;
  const void* x = nullptr;
  void* y = nullptr;
  // Where given, the inputs of all stages but the first, [stage - 1][n][cols].
  void* between = nullptr;
};

// The adjoint of the stages, and blocks' gradients: dx = (stages)^T dy; gradient = beta gradient +
// sum over the vectors of dy_to x_from at each stage. dx may be dy.
struct StagesGradientArgs {
  Dtype dtype = Dtype::kF32;
  int64_t n = 0, cols = 0;
  absl::Span<const int64_t> strides;
  const void* blocks = nullptr;
  const void* x = nullptr;        // as forward
  const void* between = nullptr;  // as forward left it
  const void* dy = nullptr;
  void* dx = nullptr;
  double beta = 0.0;
  void* gradient = nullptr;  // like blocks
};

// A rows x cols matrix of one element type into another: to nearest, ties to even. Between f32 and
// the halves.
struct ConvertArgs {
  int64_t rows = 0, cols = 0;
  Dtype from_dtype = Dtype::kF32;
  const void* from = nullptr;
  int64_t from_row_stride = 0;
  Dtype to_dtype = Dtype::kF32;
  void* to = nullptr;
  int64_t to_row_stride = 0;
};

class Device {
 public:
  virtual ~Device() = default;

  // "cpu", "cuda:0".
  virtual std::string name() const = 0;

  // Library name and version (with the kernel set picked) for the record.
  virtual std::vector<std::pair<std::string, std::string>> Libraries() const = 0;

  // RESOURCE_EXHAUSTED naming the bytes when there is no room. Contents are zero.
  virtual absl::StatusOr<Buffer> Allocate(int64_t bytes) = 0;

  // Between host memory and memory of this device. Done when the call returns, and everything
  // issued before it, too.
  virtual absl::Status Upload(const void* from, int64_t bytes, void* to) = 0;
  virtual absl::Status Download(const void* from, int64_t bytes, void* to) = 0;

  // Of a matrix in memory of this device, after everything issued before. `weights` in host memory:
  // a vector of `cols` after the other.
  virtual absl::StatusOr<RowProjections> ProjectRows(const DeviceMatrix& matrix,
                                                     absl::Span<const double> weights) = 0;

  virtual absl::Status Gemm(const GemmArgs& args) = 0;
  // Whether Gemm takes bf16 and f16, too: sums in f32, rounded once at the end.
  virtual bool MultipliesHalves() const { return false; }
  // Whether there are products in tf32, and whether those in f32 are done in it from now on.
  virtual bool HasTf32() const { return false; }
  virtual absl::Status MultiplyInTf32(bool) {
    return absl::UnimplementedError("device " + name() + " has no products in tf32");
  }
  virtual absl::Status Copy(const CopyArgs& args) = 0;
  virtual absl::Status Wht(const WhtArgs& args) = 0;
  virtual absl::Status Dwt(const DwtArgs& args) = 0;
  virtual absl::Status Butterfly(const ButterflyArgs& args) = 0;
  virtual absl::Status AddReflected(const ReflectArgs& args) = 0;
  virtual absl::Status PairColumns(const PairArgs& args) = 0;

  // y = x * w, elementwise over `count` contiguous elements.
  virtual absl::Status Multiply(Dtype dtype, int64_t count, const void* x, const void* w,
                                void* y) = 0;

  virtual absl::Status Product(const ProductArgs& args) = 0;
  virtual absl::Status ColumnSum(const ColumnSumArgs& args) = 0;
  virtual absl::Status Activate(const ActivationArgs& args) = 0;
  virtual absl::Status ActivationGradient(const ActivationGradientArgs& args) = 0;
  virtual absl::Status LinearStages(const StagesArgs& args) = 0;
  virtual absl::Status LinearStagesGradient(const StagesGradientArgs& args) = 0;
  virtual absl::Status Gather(const GatherArgs& args) = 0;
  virtual absl::Status Convert(const ConvertArgs& args) = 0;
  virtual absl::Status SoftmaxStep(const SoftmaxStepArgs& args) = 0;
  virtual absl::Status SoftmaxEnd(const SoftmaxEndArgs& args) = 0;
  virtual absl::Status SoftmaxGradient(const SoftmaxGradientArgs& args) = 0;
  virtual absl::Status DecaySum(const DecaySumArgs& args) = 0;
  virtual absl::Status DecayProduct(const DecayProductArgs& args) = 0;
  virtual absl::Status DecayGradient(const DecayGradientArgs& args) = 0;

  // y = value, `count` contiguous elements.
  virtual absl::Status Fill(Dtype dtype, int64_t count, double value, void* y) = 0;

  // Planning may overwrite both buffers.
  virtual absl::StatusOr<std::unique_ptr<FftPlan>> MakeFft(const FftDescription& description,
                                                           void* in, void* out) = 0;

  virtual absl::Status Synchronize() = 0;
};

}  // namespace basisbench
