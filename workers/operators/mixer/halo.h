// SPDX-License-Identifier: Apache-2.0
// What a rank needs of an axis that is cut over the ranks besides its own part: elements just
// beyond an end, brought from the ranks that hold them, several where parts are short. An element
// is `width` numbers that lie together.
//   Bytes b width (elements that others need of the own part, for each of them), messages one for
//   each rank that needs some: the next one only, where parts are long enough.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "workers/collectives/communicator.h"
#include "workers/operators/overlap.h"

namespace basisbench {

// Up to `depth` elements before each part, or after it; a rank without a part needs none. The axis
// ends where the parts do.
std::vector<Piece> RunsBefore(absl::Span<const Piece> parts, int64_t depth);
std::vector<Piece> RunsAfter(absl::Span<const Piece> parts, int64_t depth);

class Halo {
 public:
  // Every rank's part of the axis, in order and without gaps, and the run that it needs. A run may
  // go beyond an end of the axis and then goes on at the other; it has nothing of the own part.
  Halo(Dtype dtype, int64_t width, absl::Span<const Piece> parts, absl::Span<const Piece> needed,
       int rank);

  // Numbers that are brought.
  int64_t Numbers() const { return needed_ * width_; }
  // What others need of the own part, counted from its first element.
  const Piece& lent() const { return lent_; }

  // Starts everything. `lent` is where those elements are, `halo` takes Numbers() of them; both
  // stay until the transfers are done.
  absl::Status Start(Communicator& communicator, const void* lent, void* halo,
                     Transfers& transfers) const;
  TrafficTable DeclaredTraffic() const;

 private:
  // With two ranks that are equally far off in opposite directions.
  struct Exchange {
    int to = -1, from = -1;  // negative: none
    Piece send, receive;     // elements of the own part, of the run
  };

  const Dtype dtype_;
  const int64_t width_;
  const int rank_;
  const int64_t needed_;
  Piece lent_;
  std::vector<Exchange> exchanges_;
};

}  // namespace basisbench
