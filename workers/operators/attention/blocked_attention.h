// SPDX-License-Identifier: Apache-2.0
// Softmax attention of some heads, queries against keys and values that come in parts: blocks of
// scores stay in the cache and are never written out. The order of the parts does not matter, so
// that they may come round a ring. One thread; borrows the device and everything it is given; never
// allocates.
//   A part, per head and pair of tokens: 2 (k + v) FLOPs and about 5 more for the exponential and
//   the maximum; its gradients 6 k + 4 v and about 5, k and v columns wide.
#pragma once

#include "absl/status/status.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"

namespace basisbench {

struct AttentionShape {
  Dtype dtype = Dtype::kF32;
  int64_t heads = 0;
  int64_t key_width = 0, value_width = 0;  // of one head
  bool causal = false;
};

// Rows of a matrix of all heads without gaps: global tokens `rows`, the first of them at `data`.
// Keys and values may have fewer heads, which divide those of the queries: neighbouring ones share
// them then.
struct TokenRows {
  std::byte* data = nullptr;
  Piece rows;
  int64_t heads = 0;
};

class BlockedAttention {
 public:
  // For so many rows of queries; `workspace` has room for Workspace elements.
  BlockedAttention(Device& device, const AttentionShape& shape, int64_t queries, bool backward,
                   std::byte* workspace)
      : device_(device),
        shape_(shape),
        queries_(queries),
        backward_(backward),
        workspace_(workspace) {}

  static int64_t Workspace(const AttentionShape& shape, int64_t queries, bool backward);

  // Forward: Begin, Add for each part of the keys and values, End.
  absl::Status Begin(const TokenRows& y);
  absl::Status Add(const TokenRows& q, const TokenRows& k, const TokenRows& v, const TokenRows& y);
  absl::Status End(const TokenRows& y);

  // Backward, after End: MeanGradients once, then AddGradients for each part, to gradients that
  // were zero at first.
  absl::Status MeanGradients(const TokenRows& y, const TokenRows& dy);
  struct Gradients {
    TokenRows dq, dk, dv;
  };
  absl::Status AddGradients(const TokenRows& q, const TokenRows& k, const TokenRows& v,
                            const TokenRows& dy, const Gradients& gradients);

 private:
  // A block of scores: queries and keys counted from the start of their parts.
  struct Block {
    int64_t head;
    Piece queries, keys;
    int64_t diagonal;  // see ScoreBlock
  };
  template <typename Step>
  absl::Status ForEachBlock(const TokenRows& q, const TokenRows& k, Step step) const;
  absl::Status AddBlock(const Block& block, const TokenRows& q, const TokenRows& k,
                        const TokenRows& v, const TokenRows& y);
  absl::Status AddBlockGradients(const Block& block, const TokenRows& q, const TokenRows& k,
                                 const TokenRows& v, const TokenRows& dy,
                                 const Gradients& gradients);

  // The rows of a part that one head of the queries sees.
  std::byte* At(const TokenRows& part, int64_t width, int64_t head, int64_t row) const;
  // A value for each query of a head, of one of the kinds below.
  std::byte* OfQueries(int64_t kind, int64_t head, int64_t row) const;
  std::byte* Scores(int64_t index) const;
  ScoreBlock ScoresOf(const Block& block) const;
  // scores = a b^t, over rows of queries and keys `width` wide.
  absl::Status Score(const Block& block, const TokenRows& a, const TokenRows& b, int64_t width,
                     std::byte* scores) const;
  // c += op(scores) b, where op makes rows of queries or of keys.
  absl::Status Spread(const Block& block, Transpose transpose, std::byte* scores,
                      const TokenRows& b, int64_t width, const TokenRows& c) const;

  Device& device_;
  const AttentionShape shape_;
  const int64_t queries_;
  const bool backward_;
  std::byte* const workspace_;
};

}  // namespace basisbench
