// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/monarch/monarch_layout.h"

#include "workers/operators/partition.h"

namespace basisbench {
namespace {

// A tile's two buffers together; more would fall out of a level-2 cache.
constexpr int64_t kTileBytes = int64_t{1} << 20;
// Rows of a tile: whole tiles of registers in every instruction set and dtype.
constexpr int64_t kRowUnit = 48;
constexpr int64_t kMostRows = 4 * kRowUnit;

}  // namespace

MonarchLayout::MonarchLayout(const Problem& problem, int rank)
    : shape(problem), rows{0, problem.shape.tokens} {
  const bool cut_blocks = problem.sharding == "all_to_all";
  if (cut_blocks) {
    blocks = PartsOf(shape.blocks, problem.ranks);
    me = rank;
    exchanges = problem.ranks > 1;
  } else {
    rows = PartOf(problem.shape.tokens, problem.ranks, rank);
    blocks = {{0, shape.blocks}};
  }
  // Of the rank with the most blocks: z lies by tiles, which have to be the same on every rank.
  const int64_t most = blocks.front().count;
  const int64_t of_row = most * (std::max(shape.in, shape.out) + shape.inner());
  tile = kTileBytes / (of_row * DtypeSize(problem.dtype)) / kRowUnit * kRowUnit;
  tile = std::min(std::clamp(tile, kRowUnit, kMostRows), std::max<int64_t>(1, rows.count));
  // Without an exchange, a tile of z is used up before the next is computed.
  z = {blocks, blocks, shape.depth, me, rows.count, exchanges ? rows.count : tile};
}

}  // namespace basisbench
