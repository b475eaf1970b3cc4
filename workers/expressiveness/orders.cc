// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/orders.h"

#include <bit>
#include <numeric>

namespace basisbench {
namespace {

int64_t ReverseBits(int64_t index, int bits) {
  int64_t out = 0;
  for (int bit = 0; bit < bits; ++bit) out |= ((index >> bit) & 1) << (bits - 1 - bit);
  return out;
}

}  // namespace

int LogTwo(int64_t n) { return std::countr_zero(static_cast<uint64_t>(n)); }

bool IsPowerOfTwo(int64_t n) { return n > 0 && std::has_single_bit(static_cast<uint64_t>(n)); }

int64_t SquareSide(int64_t n) {
  int64_t side = 1;
  for (int64_t d = 1; d * d <= n; ++d)
    if (n % d == 0) side = d;
  return side;
}

std::vector<int64_t> OrderOf(char order, int64_t n) {
  std::vector<int64_t> to(n);
  std::iota(to.begin(), to.end(), 0);
  const int64_t side = SquareSide(n), other = n / side;
  for (int64_t i = 0; i < n; ++i) {
    if (order == 'R') to[i] = ReverseBits(i, LogTwo(n));
    if (order == 'S') to[i] = (i % other) * side + i / other;
    if (order == 'W' && i > 0) {
      const int64_t scale = std::bit_floor(static_cast<uint64_t>(i));
      to[i] = (2 * (i - scale) + 1) * n / (2 * scale);
    }
  }
  return to;
}

}  // namespace basisbench
