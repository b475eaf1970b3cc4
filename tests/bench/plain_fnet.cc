// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/plain_fnet.h"

#include <algorithm>

#include "services/base/status_macros.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<PlainFnet>> PlainFnet::Make(Device& device,
                                                           const ProblemShape& shape,
                                                           const float* x) {
  auto made = std::unique_ptr<PlainFnet>(new PlainFnet(shape));
  const int64_t tokens = shape.tokens, width = shape.d_in, half = width / 2 + 1;
  BB_ASSIGN_OR_RETURN(made->x_, device.Allocate(tokens * width * 4));
  BB_ASSIGN_OR_RETURN(made->spectrum_, device.Allocate(tokens * half * 8));
  BB_ASSIGN_OR_RETURN(made->y_, device.Allocate(tokens * width * 4));
  FftDescription rows{.dtype = Dtype::kF32, .real_input = true, .n = width, .howmany = tokens};
  rows.in_distance = width;
  rows.out_distance = half;
  BB_ASSIGN_OR_RETURN(made->rows_, device.MakeFft(rows, made->x_.data(), made->spectrum_.data()));
  FftDescription columns{.dtype = Dtype::kF32, .n = tokens, .howmany = half};
  columns.in_stride = columns.out_stride = half;
  columns.in_distance = columns.out_distance = 1;
  BB_ASSIGN_OR_RETURN(made->columns_,
                      device.MakeFft(columns, made->spectrum_.data(), made->spectrum_.data()));
  std::copy_n(x, tokens * width, made->x_.as<float>());
  return made;
}

[[gnu::optimize("O3")]] void PlainFnet::TakeRealParts() {
  const int64_t half = width_ / 2 + 1;
  for (int64_t k = 0; k < tokens_; ++k) {
    const float* row = spectrum_.as<float>() + 2 * half * k;
    const float* mirrored = spectrum_.as<float>() + 2 * half * ((tokens_ - k) % tokens_);
    float* y = y_.as<float>() + width_ * k;
    for (int64_t l = 0; l < half; ++l) y[l] = row[2 * l];
    for (int64_t l = half; l < width_; ++l) y[l] = mirrored[2 * (width_ - l)];
  }
}

absl::Status PlainFnet::Run() {
  BB_RETURN_IF_ERROR(rows_->Execute());
  BB_RETURN_IF_ERROR(columns_->Execute());
  TakeRealParts();
  return absl::OkStatus();
}

}  // namespace basisbench
