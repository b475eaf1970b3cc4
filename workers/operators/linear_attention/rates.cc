// SPDX-License-Identifier: Apache-2.0
// A query is scaled by the product of all decays up to it, a key by the inverse of that product:
// its logarithm has the gradient <q, dq> - <k, dk>, and a decay is in all products from it on. What
// the tokens beyond the last add up to is the gradient of a factor on the state that reaches them.
#include "workers/operators/linear_attention/rates.h"

#include "services/base/status_macros.h"

namespace basisbench {

absl::Status Rates::Allocate() {
  const int64_t bytes = Elements(shape_, tokens_, false) * DtypeSize(shape_.dtype);
  BB_ASSIGN_OR_RETURN(decays_, device_.Allocate(bytes));
  BB_ASSIGN_OR_RETURN(of_decays_, device_.Allocate(gradient_ == nullptr ? 0 : bytes));
  return absl::OkStatus();
}

absl::Status Rates::Prepare() {
  return device_.DecaySum({.dtype = shape_.dtype,
                           .rows = tokens_,
                           .cols = shape_.heads,
                           .period = shape_.chunk,
                           .x = a_,
                           .y = decays_.data()});
}

absl::Status Rates::Total(void* total) {
  const int64_t row = shape_.heads * DtypeSize(shape_.dtype), chunks = tokens_ / shape_.chunk;
  ColumnSumArgs whole{.dtype = shape_.dtype, .rows = chunks, .cols = shape_.heads};
  whole.x = decays_.data() + (shape_.chunk - 1) * row;
  whole.x_row_stride = shape_.chunk * shape_.heads;
  whole.y = total;
  BB_RETURN_IF_ERROR(chunks > 0 ? device_.ColumnSum(whole)
                                : device_.Fill(shape_.dtype, shape_.heads, 0, total));
  if (tokens_ == chunks * shape_.chunk) return absl::OkStatus();
  ProductArgs rest{.dtype = shape_.dtype, .rows = 1, .cols = shape_.heads, .beta = 1};
  rest.x = decays_.data() + (tokens_ - 1) * row;
  rest.y = total;
  return device_.Product(rest);
}

absl::Status Rates::OfQueries(const void* queries, const void* gradients) {
  return AddDots(queries, gradients, 1, 0);
}
absl::Status Rates::OfKeys(const void* keys, const void* gradients) {
  return AddDots(keys, gradients, -1, 1);
}

absl::Status Rates::AddDots(const void* rows, const void* gradients, double alpha, double beta) {
  const int64_t size = DtypeSize(shape_.dtype), width = shape_.key_width;
  for (int64_t head = 0; head < shape_.heads; ++head) {
    ColumnSumArgs args{.dtype = shape_.dtype, .rows = width, .cols = tokens_};
    args.alpha = alpha, args.beta = beta;
    args.x = static_cast<const std::byte*>(rows) + head * width * size;
    args.w = static_cast<const std::byte*>(gradients) + head * width * size;
    args.x_row_stride = args.w_row_stride = 1;
    args.x_col_stride = args.w_col_stride = shape_.heads * width;
    args.y = of_decays_.data() + head * size, args.y_stride = shape_.heads;
    BB_RETURN_IF_ERROR(device_.ColumnSum(args));
  }
  return absl::OkStatus();
}

absl::Status Rates::OfState(const void* state, const void* gradient) {
  if (tokens_ == 0) return absl::OkStatus();
  const int64_t of_head = shape_.key_width * shape_.value_width;
  ColumnSumArgs args{.dtype = shape_.dtype, .rows = of_head, .cols = shape_.heads, .beta = 1};
  args.x = state, args.w = gradient;
  args.x_row_stride = args.w_row_stride = 1;
  args.x_col_stride = args.w_col_stride = of_head;
  args.y = of_decays_.data() + (tokens_ - 1) * shape_.heads * DtypeSize(shape_.dtype);
  return device_.ColumnSum(args);
}

absl::Status Rates::Finish() {
  return device_.DecayGradient({.dtype = shape_.dtype,
                                .rows = tokens_,
                                .cols = shape_.heads,
                                .x = a_,
                                .of_sums = of_decays_.data(),
                                .y = gradient_});
}

}  // namespace basisbench
