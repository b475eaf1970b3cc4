// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/attention/blocked_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// Scores of a block: with their operands they fit a second-level cache, and are wide enough for
// products to run at full speed.
constexpr int64_t kQueries = 128, kKeys = 256;

// What is kept for each query of each head.
constexpr int64_t kMax = 0, kSum = 1, kMean = 2;

int64_t Kept(bool backward) { return backward ? 3 : 2; }

}  // namespace

int64_t BlockedAttention::Workspace(const AttentionShape& shape, int64_t queries, bool backward) {
  return (backward ? 2 : 1) * kQueries * kKeys + Kept(backward) * shape.heads * queries;
}

std::byte* BlockedAttention::At(const TokenRows& part, int64_t width, int64_t head,
                                int64_t row) const {
  const int64_t own = head * part.heads / shape_.heads;
  return part.data + (row * part.heads + own) * width * DtypeSize(shape_.dtype);
}

std::byte* BlockedAttention::OfQueries(int64_t kind, int64_t head, int64_t row) const {
  return workspace_ + ((kind * shape_.heads + head) * queries_ + row) * DtypeSize(shape_.dtype);
}

std::byte* BlockedAttention::Scores(int64_t index) const {
  const int64_t kept = Kept(backward_) * shape_.heads * queries_;
  return workspace_ + (kept + index * kQueries * kKeys) * DtypeSize(shape_.dtype);
}

ScoreBlock BlockedAttention::ScoresOf(const Block& block) const {
  return {.dtype = shape_.dtype,
          .rows = block.queries.count,
          .cols = block.keys.count,
          .scale = 1 / std::sqrt(static_cast<double>(shape_.key_width)),
          .causal = shape_.causal,
          .diagonal = block.diagonal,
          .scores = Scores(0),
          .row_stride = block.keys.count};
}

template <typename Step>
absl::Status BlockedAttention::ForEachBlock(const TokenRows& q, const TokenRows& k,
                                            Step step) const {
  for (int64_t head = 0; head < shape_.heads; ++head) {
    for (int64_t first = 0; first < q.rows.count; first += kQueries) {
      const Piece queries = {first, std::min(kQueries, q.rows.count - first)};
      for (int64_t key = 0; key < k.rows.count; key += kKeys) {
        const Piece keys = {key, std::min(kKeys, k.rows.count - key)};
        const int64_t diagonal = q.rows.offset + first - k.rows.offset - key;
        // Not even the last query sees the first key, nor later ones.
        if (shape_.causal && queries.count - 1 + diagonal < 0) break;
        BB_RETURN_IF_ERROR(step(Block{head, queries, keys, diagonal}));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status BlockedAttention::Score(const Block& block, const TokenRows& a, const TokenRows& b,
                                     int64_t width, std::byte* scores) const {
  GemmArgs args{.dtype = shape_.dtype, .transpose_b = Transpose::kYes};
  args.m = block.queries.count, args.n = block.keys.count, args.k = width;
  args.a = At(a, width, block.head, block.queries.offset), args.lda = a.heads * width;
  args.b = At(b, width, block.head, block.keys.offset), args.ldb = b.heads * width;
  args.c = scores, args.ldc = block.keys.count;
  return device_.Gemm(args);
}

absl::Status BlockedAttention::Spread(const Block& block, Transpose transpose, std::byte* scores,
                                      const TokenRows& b, int64_t width, const TokenRows& c) const {
  const bool to_keys = transpose == Transpose::kYes;
  const Piece& to = to_keys ? block.keys : block.queries;
  const Piece& from = to_keys ? block.queries : block.keys;
  GemmArgs args{.dtype = shape_.dtype, .transpose_a = transpose};
  args.m = to.count, args.n = width, args.k = from.count;
  args.a = scores, args.lda = block.keys.count;
  args.b = At(b, width, block.head, from.offset), args.ldb = b.heads * width;
  args.beta = 1;
  args.c = At(c, width, block.head, to.offset), args.ldc = c.heads * width;
  return device_.Gemm(args);
}

absl::Status BlockedAttention::Begin(const TokenRows& y) {
  const int64_t kept = shape_.heads * queries_;
  BB_RETURN_IF_ERROR(device_.Fill(shape_.dtype, kept, -std::numeric_limits<double>::infinity(),
                                  OfQueries(kMax, 0, 0)));
  BB_RETURN_IF_ERROR(device_.Fill(shape_.dtype, kept, 0, OfQueries(kSum, 0, 0)));
  return device_.Fill(shape_.dtype, y.rows.count * shape_.heads * shape_.value_width, 0, y.data);
}

absl::Status BlockedAttention::Add(const TokenRows& q, const TokenRows& k, const TokenRows& v,
                                   const TokenRows& y) {
  return ForEachBlock(q, k, [&](const Block& block) { return AddBlock(block, q, k, v, y); });
}

absl::Status BlockedAttention::AddBlock(const Block& block, const TokenRows& q, const TokenRows& k,
                                        const TokenRows& v, const TokenRows& y) {
  BB_RETURN_IF_ERROR(Score(block, q, k, shape_.key_width, Scores(0)));
  SoftmaxStepArgs args{.block = ScoresOf(block)};
  args.max = OfQueries(kMax, block.head, block.queries.offset);
  args.sum = OfQueries(kSum, block.head, block.queries.offset);
  args.y = At(y, shape_.value_width, block.head, block.queries.offset);
  args.width = shape_.value_width;
  args.y_row_stride = shape_.heads * shape_.value_width;
  BB_RETURN_IF_ERROR(device_.SoftmaxStep(args));
  return Spread(block, Transpose::kNo, Scores(0), v, shape_.value_width, y);
}

absl::Status BlockedAttention::End(const TokenRows& y) {
  for (int64_t head = 0; head < shape_.heads; ++head) {
    SoftmaxEndArgs args{.dtype = shape_.dtype, .rows = y.rows.count};
    args.max = OfQueries(kMax, head, 0);
    args.sum = OfQueries(kSum, head, 0);
    args.y = At(y, shape_.value_width, head, 0);
    args.width = shape_.value_width;
    args.y_row_stride = shape_.heads * shape_.value_width;
    BB_RETURN_IF_ERROR(device_.SoftmaxEnd(args));
  }
  return absl::OkStatus();
}

// The mean over a query's keys of the probabilities' gradients is <y, dy>.
absl::Status BlockedAttention::MeanGradients(const TokenRows& y, const TokenRows& dy) {
  const int64_t width = shape_.value_width;
  for (int64_t head = 0; head < shape_.heads; ++head) {
    ColumnSumArgs args{.dtype = shape_.dtype, .rows = width, .cols = y.rows.count};
    args.x = At(y, width, head, 0);
    args.x_row_stride = 1, args.x_col_stride = shape_.heads * width;
    args.w = At(dy, width, head, 0);
    args.w_row_stride = 1, args.w_col_stride = shape_.heads * width;
    args.y = OfQueries(kMean, head, 0);
    BB_RETURN_IF_ERROR(device_.ColumnSum(args));
  }
  return absl::OkStatus();
}

absl::Status BlockedAttention::AddGradients(const TokenRows& q, const TokenRows& k,
                                            const TokenRows& v, const TokenRows& dy,
                                            const Gradients& gradients) {
  return ForEachBlock(
      q, k, [&](const Block& block) { return AddBlockGradients(block, q, k, v, dy, gradients); });
}

absl::Status BlockedAttention::AddBlockGradients(const Block& block, const TokenRows& q,
                                                 const TokenRows& k, const TokenRows& v,
                                                 const TokenRows& dy, const Gradients& gradients) {
  BB_RETURN_IF_ERROR(Score(block, q, k, shape_.key_width, Scores(0)));
  BB_RETURN_IF_ERROR(Score(block, dy, v, shape_.value_width, Scores(1)));
  SoftmaxGradientArgs args{.block = ScoresOf(block)};
  args.log_sum = OfQueries(kMax, block.head, block.queries.offset);
  args.mean = OfQueries(kMean, block.head, block.queries.offset);
  args.gradient = Scores(1);
  args.gradient_row_stride = block.keys.count;
  BB_RETURN_IF_ERROR(device_.SoftmaxGradient(args));
  BB_RETURN_IF_ERROR(
      Spread(block, Transpose::kYes, Scores(0), dy, shape_.value_width, gradients.dv));
  BB_RETURN_IF_ERROR(Spread(block, Transpose::kNo, Scores(1), k, shape_.key_width, gradients.dq));
  return Spread(block, Transpose::kYes, Scores(1), q, shape_.key_width, gradients.dk);
}

}  // namespace basisbench
