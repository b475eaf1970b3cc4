// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/checks.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int>::max();

absl::Status CheckInt(absl::string_view name, int64_t value) {
  if (value >= 0 && value <= kLargest) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("GEMM ", name, " = ", value, " is outside [0, ", kLargest, "]"));
}

absl::Status CheckLeading(absl::string_view name, int64_t leading, int64_t rows, int64_t cols) {
  if (rows <= 1 || leading >= cols) return CheckInt(name, leading);
  return absl::InvalidArgumentError(
      absl::StrCat("GEMM ", name, " = ", leading, " is shorter than a row of ", cols));
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

absl::Status CheckSize(absl::string_view what, int64_t rows, int64_t cols) {
  if (rows >= 0 && cols >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": rows = ", rows, ", cols = ", cols, " must not be negative"));
}

absl::Status CheckCount(int64_t count) {
  if (count >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("elementwise count = ", count, " is negative"));
}

absl::Status CheckGemm(const GemmArgs& args) {
  BB_RETURN_IF_ERROR(CheckInt("m", args.m));
  BB_RETURN_IF_ERROR(CheckInt("n", args.n));
  BB_RETURN_IF_ERROR(CheckInt("k", args.k));
  BB_RETURN_IF_ERROR(CheckInt("batch", args.batch));
  const bool trans_a = args.transpose_a == Transpose::kYes;
  const bool trans_b = args.transpose_b == Transpose::kYes;
  BB_RETURN_IF_ERROR(
      CheckLeading("lda", args.lda, trans_a ? args.k : args.m, trans_a ? args.m : args.k));
  BB_RETURN_IF_ERROR(
      CheckLeading("ldb", args.ldb, trans_b ? args.n : args.k, trans_b ? args.k : args.n));
  return CheckLeading("ldc", args.ldc, args.m, args.n);
}

absl::Status CheckFft(const FftDescription& description) {
  if (description.n < 1) {
    return absl::InvalidArgumentError(absl::StrCat("FFT length ", description.n, " is below 1"));
  }
  if (description.howmany < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("FFT howmany = ", description.howmany, " is negative"));
  }
  if (description.in_stride < 1 || description.out_stride < 1) {
    return absl::InvalidArgumentError(absl::StrCat("FFT strides ", description.in_stride, ", ",
                                                   description.out_stride, " must be positive"));
  }
  if ((description.real_input && description.inverse) ||
      (description.real_output && !description.inverse)) {
    return absl::InvalidArgumentError(
        "FFT: real input is for the forward direction, real output for the inverse");
  }
  return absl::OkStatus();
}

absl::Status CheckDwt(const DwtArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("DWT", args.rows, args.n));
  const size_t taps = args.filter.size();
  if (taps == 0 || taps % 2 != 0 || taps > kMostWaveletTaps) {
    return absl::InvalidArgumentError(absl::StrCat(
        "DWT: a filter of ", taps, " taps; it takes 2 to ", kMostWaveletTaps, ", an even number"));
  }
  if (args.levels < 1 || args.levels > 62 || args.n % (int64_t{1} << args.levels) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("DWT: ", args.levels, " levels of n = ", args.n,
                                                   ", which 2^levels has to divide"));
  }
  if (args.rows > 1 && (args.in_row_stride < args.n || args.out_row_stride < args.n)) {
    return absl::InvalidArgumentError(absl::StrCat("DWT row strides ", args.in_row_stride, ", ",
                                                   args.out_row_stride,
                                                   " are shorter than n = ", args.n));
  }
  return absl::OkStatus();
}

absl::Status CheckWht(const WhtArgs& args) {
  if (args.n < 1 || !std::has_single_bit(static_cast<uint64_t>(args.n))) {
    return absl::InvalidArgumentError(absl::StrCat("WHT n = ", args.n, " is no power of two"));
  }
  if (args.rows < 0) {
    return absl::InvalidArgumentError(absl::StrCat("WHT rows = ", args.rows, " is negative"));
  }
  if (args.index != nullptr && args.in == args.out)
    return absl::InvalidArgumentError("WHT of permuted elements in place");
  if (args.rows > 1 && (args.in_row_stride < args.n || args.out_row_stride < args.n)) {
    return absl::InvalidArgumentError(absl::StrCat("WHT row strides ", args.in_row_stride, ", ",
                                                   args.out_row_stride,
                                                   " are shorter than n = ", args.n));
  }
  return absl::OkStatus();
}

absl::Status CheckStages(int64_t n, int64_t cols, absl::Span<const int64_t> strides) {
  if (n < 0 || cols < 0 || strides.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("stages: n = ", n, ", cols = ", cols, " and ", strides.size(), " stages"));
  }
  for (const int64_t stride : strides) {
    if (stride >= 1 && n % (2 * stride) == 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("stages: n = ", n, " is no multiple of twice the stride ", stride));
  }
  return absl::OkStatus();
}

absl::Status CheckActivationGradient(const ActivationGradientArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("activation", args.rows, args.cols));
  if ((args.w == nullptr) == (args.dw == nullptr)) return absl::OkStatus();
  return absl::InvalidArgumentError("activation gradient: w and dw must be given together");
}

absl::Status CheckDecaySum(const DecaySumArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("decay sum", args.rows, args.cols));
  if (args.period >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("decay sum: period = ", args.period));
}

absl::Status NoConversion(const ConvertArgs& args) {
  return absl::InvalidArgumentError(absl::StrCat("no conversion from ", DtypeName(args.from_dtype),
                                                 " to ", DtypeName(args.to_dtype)));
}

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

int64_t FullLeading(int64_t leading, int64_t cols) { return std::max<int64_t>({leading, cols, 1}); }

}  // namespace basisbench
