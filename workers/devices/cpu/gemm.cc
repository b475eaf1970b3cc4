// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/gemm.h"

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T, typename Function>
void CallEach(Function gemm, const GemmArgs& args) {
  const bool trans_a = args.transpose_a == Transpose::kYes;
  const bool trans_b = args.transpose_b == Transpose::kYes;
  const auto lda = static_cast<int>(FullLeading(args.lda, trans_a ? args.m : args.k));
  const auto ldb = static_cast<int>(FullLeading(args.ldb, trans_b ? args.k : args.n));
  const auto ldc = static_cast<int>(FullLeading(args.ldc, args.n));
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

}  // namespace

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
