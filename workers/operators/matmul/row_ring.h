// SPDX-License-Identifier: Apache-2.0
// A matrix cut by rows over a ring of ranks, each part travelling to the next rank while the part
// before it is worked on: an all-gather or a reduce-scatter hidden behind products. Borrows the
// communicator; one thread.
//   Gather: messages P - 1, bytes b width (rows - those of the next rank's part).
//   Reduce: messages P - 1, bytes b width (rows - own rows).
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"
#include "workers/operators/overlap.h"
#include "workers/operators/problem.h"

namespace basisbench {

class RowRing {
 public:
  // A matrix of the problem's tokens x `width`.
  RowRing(const Problem& problem, int64_t width, Communicator& communicator);

  Piece Rows(int rank) const;
  Piece OwnRows() const { return Rows(rank_); }
  // Elements of the largest part: what Reduce wants for what arrives.
  int64_t LargestPart() const { return Rows(0).count * width_; }
  std::byte* Row(Buffer& matrix, int64_t row) const;

  // Works on `rows` while transfers are under way.
  using Step = absl::FunctionRef<absl::Status(const Piece& rows, Transfers& transfers)>;

  // Every rank has its own rows of `matrix`; all of them arrive. `use` is called for each part once
  // it is there.
  absl::Status Gather(Buffer& matrix, Parts parts, Step use) const;

  // `make` writes this rank's terms of each part into `matrix`; the sums over ranks travel. The own
  // rows then hold the sum of all ranks, the others are scratch.
  absl::Status Reduce(Device& device, Buffer& matrix, Buffer& arriving, Parts parts,
                      Step make) const;

 private:
  int Part(int distance) const;  // of the rank that is `distance` before this one
  absl::Status StartPassingOn(const std::byte* out, int64_t out_rows, std::byte* in,
                              int64_t in_rows, Transfers& transfers) const;

  const Dtype dtype_;
  const int64_t rows_, width_;
  const int ranks_, rank_;
  Communicator& communicator_;
};

TrafficTable RingGatherTraffic(const Problem& problem, int64_t width, int rank);
TrafficTable RingReduceTraffic(const Problem& problem, int64_t width, int rank);

}  // namespace basisbench
