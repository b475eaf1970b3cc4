// SPDX-License-Identifier: Apache-2.0
// Linear attention of some heads, in chunks of tokens: within a chunk by products of tokens with
// tokens, between chunks by a state S = sum of k_t v_t^t of key_width x value_width a head. The
// same steps backward, with the state of what comes after. With decays, the state shrinks by a
// factor of its own for every token and head, S_t = a_t S_{t-1} + k_t v_t^t. One thread; borrows
// the device and all it is given; never allocates.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/device.h"

namespace basisbench {

struct ScanShape {
  Dtype dtype = Dtype::kF32;
  int64_t heads = 0;
  int64_t key_width = 0, value_width = 0;  // of one head
  bool causal = false;
  int64_t chunk = 0;
  int64_t States() const { return heads * key_width * value_width; }  // elements
};

// Matrices of all heads without gaps, `tokens` rows each.
struct ScanOperands {
  int64_t tokens = 0;
  const void *q = nullptr, *k = nullptr, *v = nullptr;
  void* y = nullptr;
  const void* dy = nullptr;
  void *dq = nullptr, *dk = nullptr, *dv = nullptr;
  // Null without decays; tokens x heads: logarithms of the products of a chunk's decays so far.
  // Causal only.
  const void* decays = nullptr;
};

class ChunkedScan {
 public:
  // `workspace` has room for Workspace elements.
  ChunkedScan(Device& device, const ScanShape& shape, const ScanOperands& operands,
              std::byte* workspace)
      : device_(device), shape_(shape), o_(operands), workspace_(workspace) {}

  // Scores of one chunk, and with decays a chunk of scaled keys.
  static int64_t Workspace(const ScanShape& shape, bool decays = false) {
    return (shape.causal ? shape.chunk * shape.chunk : 0) +
           (decays ? shape.chunk * shape.heads * shape.key_width : 0);
  }

  // state = sum over all tokens of k_t v_t^t, each with the decays after it: what the tokens leave
  // to those that follow.
  absl::Status SumKeys(void* state);
  // state = sum over all tokens of q_t dy_t^t, each with the decays up to it: the gradient of what
  // those before leave to them.
  absl::Status SumQueries(void* state);

  // Y from `state`, that of everything before the first token, or of all tokens where not causal.
  // Causal, `state` ends as that of everything up to the last token.
  absl::Status Forward(void* state);
  // dQ, with `state` as forward.
  absl::Status QueryGradients(void* state);
  // dK and dV, from the state of Q and dY after the last token, or of all tokens. Causal, chunks
  // are taken from the last to the first, and `state` grows with them.
  absl::Status KeyGradients(void* state);

 private:
  // What decays since the start of a chunk, or up to its end.
  enum class Decay { kFromStart, kToEnd };
  // state = the sum over all tokens of a_t b_t^t, decayed. A row of a is key_width long, of b
  // value_width.
  absl::Status Sum(const void* a, const void* b, Decay decay, void* state);
  // c (tokens x to) = a state, or a state^t, for every head and the tokens of one range, decayed.
  absl::Status ApplyState(const void* a, int64_t from, int64_t to, Transpose transpose, Decay decay,
                          const void* state, void* c, int64_t first, int64_t count);
  // state = beta state + a^t b, both terms decayed.
  absl::Status AddToState(const void* a, const void* b, Decay decay, int64_t first, int64_t count,
                          double beta, void* state);
  // y = x decayed, for rows of all heads that begin with token `first`; both `width` wide a head.
  absl::Status Scale(const std::byte* x, int64_t width, Decay decay, int64_t first, int64_t count,
                     std::byte* y);
  const std::byte* DecayAt(int64_t token, int64_t head) const {
    return At(o_.decays, 1, head, token);
  }
  // Of the scores of a head's chunk.
  absl::Status Mask(int64_t head, int64_t first, int64_t count);
  // Scores a b^t of a head's chunk, masked, then c += scores d, or scores^t d.
  absl::Status Within(const void* a, const void* b, int64_t width, Transpose transpose,
                      const void* d, void* c, int64_t d_width, int64_t first, int64_t count);

  const std::byte* At(const void* matrix, int64_t width, int64_t head, int64_t row) const {
    return static_cast<const std::byte*>(matrix) +
           (row * shape_.heads + head) * width * DtypeSize(shape_.dtype);
  }
  std::byte* At(void* matrix, int64_t width, int64_t head, int64_t row) const {
    return static_cast<std::byte*>(matrix) +
           (row * shape_.heads + head) * width * DtypeSize(shape_.dtype);
  }

  Device& device_;
  const ScanShape shape_;
  const ScanOperands o_;
  std::byte* const workspace_;
};

}  // namespace basisbench
