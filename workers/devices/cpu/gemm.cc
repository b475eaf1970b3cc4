// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/gemm.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int>::max();

absl::Status CheckSize(absl::string_view name, int64_t value) {
  if (value >= 0 && value <= kLargest) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("GEMM ", name, " = ", value, " is outside [0, ", kLargest, "]"));
}

absl::Status CheckLeading(absl::string_view name, int64_t leading, int64_t rows, int64_t cols) {
  if (rows <= 1 || leading >= cols) return CheckSize(name, leading);
  return absl::InvalidArgumentError(
      absl::StrCat("GEMM ", name, " = ", leading, " is shorter than a row of ", cols));
}

// A matrix of one row may come with any leading dimension; the library insists on a full one.
int Leading(int64_t leading, int64_t cols) {
  return static_cast<int>(std::max<int64_t>({leading, cols, 1}));
}

template <typename T, typename Function>
void CallEach(Function gemm, const GemmArgs& args) {
  const bool trans_a = args.transpose_a == Transpose::kYes;
  const bool trans_b = args.transpose_b == Transpose::kYes;
  const int lda = Leading(args.lda, trans_a ? args.m : args.k);
  const int ldb = Leading(args.ldb, trans_b ? args.k : args.n);
  const int ldc = Leading(args.ldc, args.n);
  const T* a = static_cast<const T*>(args.a);
  const T* b = static_cast<const T*>(args.b);
  T* c = static_cast<T*>(args.c);
  for (int64_t i = 0; i < args.batch; ++i) {
    gemm(kCblasRowMajor, trans_a ? kCblasTrans : kCblasNoTrans,
         trans_b ? kCblasTrans : kCblasNoTrans, static_cast<int>(args.m), static_cast<int>(args.n),
         static_cast<int>(args.k), static_cast<T>(args.alpha), a + i * args.stride_a, lda,
         b + i * args.stride_b, ldb, static_cast<T>(args.beta), c + i * args.stride_c, ldc);
  }
}

// Products whose smaller operand stays in the first-level cache, with rows long enough for whole
// registers: the library would spend its time on rearranging the operands.
bool PrefersOwnKernel(const GemmArgs& args) {
  constexpr int64_t kLargestA = 32 << 10, kLongestSum = 512, kFewestCols = 16;
  return args.batch > 1 && args.transpose_a == Transpose::kNo &&
         args.transpose_b == Transpose::kNo && args.n >= kFewestCols && args.k <= kLongestSum &&
         args.m * args.k * DtypeSize(args.dtype) <= kLargestA;
}

template <typename T>
void RunOwnKernel(const GemmArgs& args) {
  GemmTask<T> task{.m = args.m, .n = args.n, .k = args.k};
  task.alpha = static_cast<T>(args.alpha);
  task.lda = args.lda;
  task.ldb = args.ldb;
  task.beta = static_cast<T>(args.beta);
  task.ldc = args.ldc;
  for (int64_t i = 0; i < args.batch; ++i) {
    task.a = static_cast<const T*>(args.a) + i * args.stride_a;
    task.b = static_cast<const T*>(args.b) + i * args.stride_b;
    task.c = static_cast<T*>(args.c) + i * args.stride_c;
    BestKernels().Of<T>().gemm(task);
  }
}

bool MergesDown(const GemmArgs& args) {
  if (args.stride_b != 0 || args.stride_c != args.m * args.ldc) return false;
  return args.stride_a == (args.transpose_a == Transpose::kNo ? args.m * args.lda : args.m);
}

bool MergesAcross(const GemmArgs& args) {
  if (args.stride_a != 0 || args.stride_c != args.n) return false;
  return args.stride_b == (args.transpose_b == Transpose::kNo ? args.n : args.n * args.ldb);
}

}  // namespace

GemmArgs MergeBatch(GemmArgs args) {
  if (args.batch <= 1 || args.m == 0 || args.n == 0) return args;
  if (args.m == 1) {  // one row each: the distance between matrices is the leading dimension
    if (args.transpose_a == Transpose::kNo) args.lda = args.stride_a;
    args.ldc = args.stride_c;
  }
  // The library takes leading dimensions no shorter than a row: overlapping operands stay apart.
  const int64_t m = args.m * args.batch, n = args.n * args.batch;
  const int64_t row_a = args.transpose_a == Transpose::kNo ? args.k : m;
  const int64_t row_b = args.transpose_b == Transpose::kNo ? n : args.k;
  if (MergesDown(args) && m <= kLargest && args.lda >= row_a && args.ldc >= args.n) {
    args.m = m;
  } else if (MergesAcross(args) && n <= kLargest && args.ldb >= row_b && args.ldc >= n) {
    args.n = n;
  } else {
    return args;
  }
  args.batch = 1;
  args.stride_a = args.stride_b = args.stride_c = 0;
  return args;
}

absl::Status CheckGemm(const GemmArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("m", args.m));
  BB_RETURN_IF_ERROR(CheckSize("n", args.n));
  BB_RETURN_IF_ERROR(CheckSize("k", args.k));
  BB_RETURN_IF_ERROR(CheckSize("batch", args.batch));
  const bool trans_a = args.transpose_a == Transpose::kYes;
  const bool trans_b = args.transpose_b == Transpose::kYes;
  BB_RETURN_IF_ERROR(
      CheckLeading("lda", args.lda, trans_a ? args.k : args.m, trans_a ? args.m : args.k));
  BB_RETURN_IF_ERROR(
      CheckLeading("ldb", args.ldb, trans_b ? args.n : args.k, trans_b ? args.k : args.n));
  return CheckLeading("ldc", args.ldc, args.m, args.n);
}

absl::Status RunGemm(const OpenBlas& blas, const GemmArgs& args) {
  BB_RETURN_IF_ERROR(CheckGemm(args));
  if (args.m == 0 || args.n == 0) return absl::OkStatus();
  const GemmArgs merged = MergeBatch(args);
  const bool single = args.dtype == Dtype::kF32;
  if (PrefersOwnKernel(merged)) {
    single ? RunOwnKernel<float>(merged) : RunOwnKernel<double>(merged);
  } else if (single) {
    CallEach<float>(blas.sgemm, merged);
  } else {
    CallEach<double>(blas.dgemm, merged);
  }
  return absl::OkStatus();
}

}  // namespace basisbench
