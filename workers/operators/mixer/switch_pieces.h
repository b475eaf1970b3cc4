// SPDX-License-Identifier: Apache-2.0
// What the ranks of a digit switch send each other. Every row has `depth` numbers for each pair
// (input digit, output digit); a rank makes those of its input digits and takes those of its output
// digits. Pure data.
#pragma once

#include <vector>

#include "absl/types/span.h"
#include "workers/collectives/communicator.h"

namespace basisbench {

struct SwitchPieces {
  SwitchPieces() = default;
  // The digits of each rank. The own part is never sent: it is made where the others arrive, with
  // room for `kept_rows` rows.
  SwitchPieces(absl::Span<const Piece> in, absl::Span<const Piece> out, int64_t depth, int me,
               int64_t rows, int64_t kept_rows);

  // Numbers of a row that go to a rank, and that come from it.
  std::vector<int64_t> sent_width, received_width;
  // By rank, in numbers; none where the rank is the own one.
  std::vector<Piece> send, receive;
  int64_t sent = 0, received = 0;  // numbers of both buffers
};

}  // namespace basisbench
