// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/linear_attention/chunked_scan.h"

#include <algorithm>

#include "services/base/status_macros.h"

namespace basisbench {

// Heads lie side by side: they are a batch whose matrices are a head's width apart.
absl::Status ChunkedScan::ApplyState(const void* a, int64_t from, int64_t to, Transpose transpose,
                                     Decay decay, const void* state, void* c, int64_t first,
                                     int64_t count) {
  GemmArgs args{.dtype = shape_.dtype, .transpose_b = transpose};
  args.batch = shape_.heads;
  args.m = count, args.n = to, args.k = from;
  args.a = At(a, from, 0, first), args.lda = shape_.heads * from, args.stride_a = from;
  args.b = state, args.ldb = shape_.value_width;
  args.stride_b = shape_.key_width * shape_.value_width;
  args.c = At(c, to, 0, first), args.ldc = shape_.heads * to, args.stride_c = to;
  BB_RETURN_IF_ERROR(device_.Gemm(args));
  if (o_.decays == nullptr) return absl::OkStatus();
  return Scale(At(c, to, 0, first), to, decay, first, count, At(c, to, 0, first));
}

absl::Status ChunkedScan::Scale(const std::byte* x, int64_t width, Decay decay, int64_t first,
                                int64_t count, std::byte* y) {
  for (int64_t head = 0; head < shape_.heads; ++head) {
    DecayProductArgs args{.dtype = shape_.dtype, .rows = count, .cols = width};
    args.x = At(static_cast<const void*>(x), width, head, 0);
    args.x_row_stride = shape_.heads * width;
    if (decay == Decay::kFromStart) {
      args.plus = DecayAt(first, head), args.plus_row_stride = shape_.heads;
    } else {
      args.plus = DecayAt(first + count - 1, head);
      args.minus = DecayAt(first, head), args.minus_row_stride = shape_.heads;
    }
    args.y = At(static_cast<void*>(y), width, head, 0);
    args.y_row_stride = shape_.heads * width;
    BB_RETURN_IF_ERROR(device_.DecayProduct(args));
  }
  return absl::OkStatus();
}

absl::Status ChunkedScan::AddToState(const void* a, const void* b, Decay decay, int64_t first,
                                     int64_t count, double beta, void* state) {
  const void* scaled = At(a, shape_.key_width, 0, first);
  if (o_.decays != nullptr) {
    std::byte* keys = workspace_ + shape_.chunk * shape_.chunk * DtypeSize(shape_.dtype);
    BB_RETURN_IF_ERROR(
        Scale(At(a, shape_.key_width, 0, first), shape_.key_width, decay, first, count, keys));
    scaled = keys;
    DecayProductArgs args{.dtype = shape_.dtype, .rows = shape_.heads};
    args.cols = args.x_row_stride = args.y_row_stride = shape_.key_width * shape_.value_width;
    args.x = args.y = state;
    args.plus = DecayAt(first + count - 1, 0), args.plus_row_stride = 1;
    BB_RETURN_IF_ERROR(device_.DecayProduct(args));
  }
  GemmArgs args{.dtype = shape_.dtype, .transpose_a = Transpose::kYes};
  args.batch = shape_.heads;
  args.m = shape_.key_width, args.n = shape_.value_width, args.k = count;
  args.a = scaled, args.lda = shape_.heads * shape_.key_width;
  args.stride_a = shape_.key_width;
  args.b = At(b, shape_.value_width, 0, first), args.ldb = shape_.heads * shape_.value_width;
  args.stride_b = shape_.value_width;
  args.beta = beta;
  args.c = state, args.ldc = shape_.value_width;
  args.stride_c = shape_.key_width * shape_.value_width;
  return device_.Gemm(args);
}

// A token does not see those after it, and what is before it through the decays between.
absl::Status ChunkedScan::Mask(int64_t head, int64_t first, int64_t count) {
  if (o_.decays != nullptr) {
    DecayProductArgs args{.dtype = shape_.dtype, .rows = count, .cols = count, .causal = true};
    args.x = args.y = workspace_, args.x_row_stride = args.y_row_stride = count;
    args.plus = args.minus = DecayAt(first, head);
    args.plus_row_stride = args.minus_col_stride = shape_.heads;
    return device_.DecayProduct(args);
  }
  for (int64_t row = 0; row + 1 < count; ++row) {
    BB_RETURN_IF_ERROR(
        device_.Fill(shape_.dtype, count - 1 - row, 0,
                     workspace_ + (row * count + row + 1) * DtypeSize(shape_.dtype)));
  }
  return absl::OkStatus();
}

absl::Status ChunkedScan::Within(const void* a, const void* b, int64_t width, Transpose transpose,
                                 const void* d, void* c, int64_t d_width, int64_t first,
                                 int64_t count) {
  for (int64_t head = 0; head < shape_.heads; ++head) {
    GemmArgs scores{.dtype = shape_.dtype, .transpose_b = Transpose::kYes};
    scores.m = scores.n = count, scores.k = width;
    scores.a = At(a, width, head, first), scores.lda = shape_.heads * width;
    scores.b = At(b, width, head, first), scores.ldb = shape_.heads * width;
    scores.c = workspace_, scores.ldc = count;
    BB_RETURN_IF_ERROR(device_.Gemm(scores));
    BB_RETURN_IF_ERROR(Mask(head, first, count));
    GemmArgs spread{.dtype = shape_.dtype, .transpose_a = transpose};
    spread.m = count, spread.n = d_width, spread.k = count;
    spread.a = workspace_, spread.lda = count;
    spread.b = At(d, d_width, head, first), spread.ldb = shape_.heads * d_width;
    spread.beta = 1;
    spread.c = At(c, d_width, head, first), spread.ldc = shape_.heads * d_width;
    BB_RETURN_IF_ERROR(device_.Gemm(spread));
  }
  return absl::OkStatus();
}

absl::Status ChunkedScan::SumKeys(void* state) { return Sum(o_.k, o_.v, Decay::kToEnd, state); }

absl::Status ChunkedScan::SumQueries(void* state) {
  return Sum(o_.q, o_.dy, Decay::kFromStart, state);
}

absl::Status ChunkedScan::Sum(const void* a, const void* b, Decay decay, void* state) {
  if (o_.decays == nullptr && o_.tokens > 0) return AddToState(a, b, decay, 0, o_.tokens, 0, state);
  BB_RETURN_IF_ERROR(device_.Fill(shape_.dtype, shape_.States(), 0, state));
  const int64_t chunks = (o_.tokens + shape_.chunk - 1) / shape_.chunk;
  for (int64_t done = 0; done < chunks; ++done) {
    const int64_t first = (decay == Decay::kToEnd ? done : chunks - 1 - done) * shape_.chunk;
    const int64_t count = std::min(shape_.chunk, o_.tokens - first);
    BB_RETURN_IF_ERROR(AddToState(a, b, decay, first, count, 1, state));
  }
  return absl::OkStatus();
}

absl::Status ChunkedScan::Forward(void* state) {
  const int64_t k = shape_.key_width, v = shape_.value_width;
  if (!shape_.causal)
    return ApplyState(o_.q, k, v, Transpose::kNo, Decay::kFromStart, state, o_.y, 0, o_.tokens);
  for (int64_t first = 0; first < o_.tokens; first += shape_.chunk) {
    const int64_t count = std::min(shape_.chunk, o_.tokens - first);
    BB_RETURN_IF_ERROR(
        ApplyState(o_.q, k, v, Transpose::kNo, Decay::kFromStart, state, o_.y, first, count));
    BB_RETURN_IF_ERROR(Within(o_.q, o_.k, k, Transpose::kNo, o_.v, o_.y, v, first, count));
    BB_RETURN_IF_ERROR(AddToState(o_.k, o_.v, Decay::kToEnd, first, count, 1, state));
  }
  return absl::OkStatus();
}

absl::Status ChunkedScan::QueryGradients(void* state) {
  const int64_t k = shape_.key_width, v = shape_.value_width;
  if (!shape_.causal)
    return ApplyState(o_.dy, v, k, Transpose::kYes, Decay::kFromStart, state, o_.dq, 0, o_.tokens);
  for (int64_t first = 0; first < o_.tokens; first += shape_.chunk) {
    const int64_t count = std::min(shape_.chunk, o_.tokens - first);
    BB_RETURN_IF_ERROR(
        ApplyState(o_.dy, v, k, Transpose::kYes, Decay::kFromStart, state, o_.dq, first, count));
    BB_RETURN_IF_ERROR(Within(o_.dy, o_.v, v, Transpose::kNo, o_.k, o_.dq, k, first, count));
    BB_RETURN_IF_ERROR(AddToState(o_.k, o_.v, Decay::kToEnd, first, count, 1, state));
  }
  return absl::OkStatus();
}

absl::Status ChunkedScan::KeyGradients(void* state) {
  const int64_t k = shape_.key_width, v = shape_.value_width;
  const int64_t chunk = shape_.causal ? shape_.chunk : std::max<int64_t>(1, o_.tokens);
  for (int64_t first = (o_.tokens - 1) / chunk * chunk; o_.tokens > 0 && first >= 0;
       first -= chunk) {
    const int64_t count = std::min(chunk, o_.tokens - first);
    BB_RETURN_IF_ERROR(
        ApplyState(o_.k, k, v, Transpose::kNo, Decay::kToEnd, state, o_.dv, first, count));
    BB_RETURN_IF_ERROR(
        ApplyState(o_.v, v, k, Transpose::kYes, Decay::kToEnd, state, o_.dk, first, count));
    if (!shape_.causal) continue;
    BB_RETURN_IF_ERROR(Within(o_.q, o_.k, k, Transpose::kYes, o_.dy, o_.dv, v, first, count));
    BB_RETURN_IF_ERROR(Within(o_.dy, o_.v, v, Transpose::kYes, o_.q, o_.dk, k, first, count));
    BB_RETURN_IF_ERROR(AddToState(o_.q, o_.dy, Decay::kFromStart, first, count, 1, state));
  }
  return absl::OkStatus();
}

}  // namespace basisbench
