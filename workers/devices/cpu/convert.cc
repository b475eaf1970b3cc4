// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

void WidenF16(int64_t count, const uint16_t* x, float* y) {
  std::transform(x, x + count, y, FloatFromF16);
}

void NarrowF16(int64_t count, const float* x, uint16_t* y) {
  std::transform(x, x + count, y, F16FromFloat);
}

// Rows, or everything at once where rows follow each other.
template <typename From, typename To>
void ConvertRows(const ConvertArgs& args, void (*kernel)(int64_t, const From*, To*)) {
  const auto* from = static_cast<const From*>(args.from);
  auto* to = static_cast<To*>(args.to);
  if (args.from_row_stride == args.cols && args.to_row_stride == args.cols)
    return kernel(args.rows * args.cols, from, to);
  for (int64_t i = 0; i < args.rows; ++i)
    kernel(args.cols, from + i * args.from_row_stride, to + i * args.to_row_stride);
}

}  // namespace

absl::Status RunConvert(const ConvertArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("convert", args.rows, args.cols));
  const ConversionKernels& kernels = BestKernels().convert;
  const auto pair = std::make_pair(args.from_dtype, args.to_dtype);
  if (pair == std::make_pair(Dtype::kBf16, Dtype::kF32)) {
    ConvertRows(args, kernels.widen_bf16);
  } else if (pair == std::make_pair(Dtype::kF32, Dtype::kBf16)) {
    ConvertRows(args, kernels.narrow_bf16);
  } else if (pair == std::make_pair(Dtype::kF16, Dtype::kF32)) {
    ConvertRows(args, kernels.widen_f16 != nullptr ? kernels.widen_f16 : WidenF16);
  } else if (pair == std::make_pair(Dtype::kF32, Dtype::kF16)) {
    ConvertRows(args, kernels.narrow_f16 != nullptr ? kernels.narrow_f16 : NarrowF16);
  } else {
    return NoConversion(args);
  }
  return absl::OkStatus();
}

}  // namespace basisbench
