// SPDX-License-Identifier: Apache-2.0
// How a dimension is cut into near-equal consecutive parts: the first n % parts of them are one
// longer. Parts may be empty when n < parts. Pure functions.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

#include "workers/collectives/communicator.h"

namespace basisbench {

// Part `index` of `parts` of a dimension of length n.
inline Piece PartOf(int64_t n, int64_t parts, int64_t index) {
  const int64_t base = n / parts, longer = n % parts;
  return {index * base + (index < longer ? index : longer), base + (index < longer ? 1 : 0)};
}

// All parts, each scaled by `width` (e.g. the row length, to get pieces of a row-major matrix in
// elements).
inline std::vector<Piece> PartsOf(int64_t n, int64_t parts, int64_t width = 1) {
  std::vector<Piece> pieces;
  for (int64_t i = 0; i < parts; ++i) {
    const Piece part = PartOf(n, parts, i);
    pieces.push_back({part.offset * width, part.count * width});
  }
  return pieces;
}

// The global indices offset, offset + 1, ...: the rows or cols of a Shard.
inline std::vector<int64_t> IndicesOf(const Piece& piece) {
  std::vector<int64_t> indices(static_cast<size_t>(piece.count));
  std::iota(indices.begin(), indices.end(), piece.offset);
  return indices;
}

}  // namespace basisbench
