// SPDX-License-Identifier: Apache-2.0
// What one rank of a `monarch` case holds and exchanges, forward or backward. A rank that exchanges
// nothing is its own only peer. Pure data.
#pragma once

#include <algorithm>
#include <vector>

#include "workers/collectives/communicator.h"
#include "workers/operators/mixer/switch_pieces.h"
#include "workers/operators/monarch/monarch_plan.h"

namespace basisbench {

struct MonarchLayout {
  MonarchLayout(const Problem& problem, int rank);

  const Piece& own() const { return blocks[me]; }
  int peers() const { return static_cast<int>(blocks.size()); }
  // Elements of a buffer that holds a transposed tile of X or of Y.
  int64_t Transposed() const { return own().count * std::max(shape.in, shape.out) * tile; }
  // Elements of X and of Y on this rank.
  int64_t HeldOfX() const { return rows.count * own().count * shape.in; }
  int64_t HeldOfY() const { return rows.count * own().count * shape.out; }
  // Elements of W1 and of W2 on this rank.
  int64_t First() const { return own().count * shape.inner() * shape.in; }
  int64_t Second() const { return own().count * shape.inner() * shape.out; }
  // All four.
  int64_t Held() const { return HeldOfX() + HeldOfY() + First() + Second(); }

  MonarchShape shape;
  Piece rows;
  std::vector<Piece> blocks;  // of each peer
  int me = 0;
  bool exchanges = false;
  int64_t tile = 0;  // rows, the same on every rank
  SwitchPieces z;
};

}  // namespace basisbench
