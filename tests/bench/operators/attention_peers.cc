// SPDX-License-Identifier: Apache-2.0
// Attention as written with a matrix library: whole products for each head, the scores of all pairs
// of tokens in memory.
#include <algorithm>
#include <cmath>

#include "tests/bench/operators/peers.h"

namespace basisbench {
namespace {

// Heads are side by side in every operand.
struct Heads {
  explicit Heads(const PeerContext& c)
      : blas(c.blas),
        tokens(static_cast<int>(c.shape().tokens)),
        heads(static_cast<int>(c.subject.Parameter("heads"))),
        key(static_cast<int>(c.shape().d_in) / heads),
        value(static_cast<int>(c.shape().d_out) / heads),
        q(c.subject.Input("x")),
        k(c.subject.Input("k")),
        v(c.subject.Input("v")) {}

  // scores = Q K^t, what is hidden included.
  void Scores(int head, float* scores) const {
    blas.sgemm(kCblasRowMajor, kCblasNoTrans, kCblasTrans, tokens, tokens, key, 1.0F,
               q + head * key, heads * key, k + head * key, heads * key, 0.0F, scores, tokens);
  }
  // Y = scores V.
  void Spread(int head, const float* scores, float* y) const {
    blas.sgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, tokens, value, tokens, 1.0F, scores,
               tokens, v + head * value, heads * value, 0.0F, y + head * value, heads * value);
  }

  const OpenBlas& blas;
  const int tokens, heads, key, value;
  const float *q, *k, *v;
};

// One row of scores to probabilities; those from `seen` on are hidden.
void Softmax(float* row, int64_t seen, int64_t count, float scale) {
  const float most = *std::max_element(row, row + seen);
  float sum = 0;
  for (int64_t j = 0; j < seen; ++j) sum += row[j] = std::exp(scale * (row[j] - most));
  for (int64_t j = 0; j < seen; ++j) row[j] /= sum;
  std::fill(row + seen, row + count, 0.0F);
}

}  // namespace

Peer SoftmaxGemmsPeer(const PeerContext& c) {
  const Heads h(c);
  const bool causal = c.subject.Parameter("causal") == 1;
  auto y = Room(c, c.shape().tokens * c.shape().d_out), p = Room(c, c.shape().tokens * h.tokens);
  return {"two gemms and a softmax of all scores, head by head",
          [h, causal, y, p] {
            const float scale = 1 / std::sqrt(static_cast<float>(h.key));
            for (int head = 0; head < h.heads; ++head) {
              h.Scores(head, p->as<float>());
              for (int64_t i = 0; i < h.tokens; ++i)
                Softmax(p->as<float>() + i * h.tokens, causal ? i + 1 : h.tokens, h.tokens, scale);
              h.Spread(head, p->as<float>(), y->as<float>());
            }
          },
          y->data()};
}

Peer LinearGemmsPeer(const PeerContext& c) {
  const Heads h(c);
  auto y = Room(c, c.shape().tokens * c.shape().d_out);
  if (c.subject.Parameter("causal") == 1) {
    auto p = Room(c, c.shape().tokens * h.tokens);
    return {"two gemms with all pairs, head by head",
            [h, y, p] {
              for (int head = 0; head < h.heads; ++head) {
                h.Scores(head, p->as<float>());
                for (int64_t i = 0; i < h.tokens; ++i)
                  std::fill_n(p->as<float>() + i * h.tokens + i + 1, h.tokens - 1 - i, 0.0F);
                h.Spread(head, p->as<float>(), y->as<float>());
              }
            },
            y->data()};
  }
  auto state = Room(c, h.key * h.value);
  return {"two gemms, head by head",
          [h, y, state] {
            for (int head = 0; head < h.heads; ++head) {
              h.blas.sgemm(kCblasRowMajor, kCblasTrans, kCblasNoTrans, h.key, h.value, h.tokens,
                           1.0F, h.k + head * h.key, h.heads * h.key, h.v + head * h.value,
                           h.heads * h.value, 0.0F, state->as<float>(), h.value);
              h.blas.sgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, h.tokens, h.value, h.key,
                           1.0F, h.q + head * h.key, h.heads * h.key, state->as<float>(), h.value,
                           0.0F, y->as<float>() + head * h.value, h.heads * h.value);
            }
          },
          y->data()};
}

}  // namespace basisbench
