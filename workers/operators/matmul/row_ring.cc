// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/matmul/row_ring.h"

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

// What the ring's first P - 1 steps send: the part of the rank `first` before the sender, then of
// the one before that.
TrafficTable RingTraffic(const Problem& problem, int64_t width, int rank, int first) {
  const int ranks = problem.ranks;
  TrafficTable traffic = {};
  for (int step = 0; step + 1 < ranks; ++step) {
    const int part = (rank - step - first + 2 * ranks) % ranks;
    const int64_t rows = PartOf(problem.shape.tokens, ranks, part).count;
    AddTraffic(SendRecvTraffic(problem.dtype, rows * width, rank, (rank + 1) % ranks), traffic);
  }
  return traffic;
}

}  // namespace

RowRing::RowRing(const Problem& problem, int64_t width, Communicator& communicator)
    : dtype_(problem.dtype),
      rows_(problem.shape.tokens),
      width_(width),
      ranks_(problem.ranks),
      rank_(communicator.rank()),
      communicator_(communicator) {}

Piece RowRing::Rows(int rank) const { return PartOf(rows_, ranks_, rank); }

std::byte* RowRing::Row(Buffer& matrix, int64_t row) const {
  return matrix.data() + row * width_ * DtypeSize(dtype_);
}

int RowRing::Part(int distance) const { return (rank_ - distance + 2 * ranks_) % ranks_; }

// Sends to the next rank and receives from the previous one.
absl::Status RowRing::StartPassingOn(const std::byte* out, int64_t out_rows, std::byte* in,
                                     int64_t in_rows, Transfers& transfers) const {
  BB_ASSIGN_OR_RETURN(auto pending, communicator_.StartSendRecv(
                                        dtype_, out, out_rows * width_, (rank_ + 1) % ranks_, in,
                                        in_rows * width_, (rank_ + ranks_ - 1) % ranks_));
  transfers.Add(std::move(pending));
  return absl::OkStatus();
}

absl::Status RowRing::Gather(Buffer& matrix, Parts parts, Step use) const {
  for (int step = 0; step < ranks_; ++step) {
    const Piece rows = Rows(Part(step)), next = Rows(Part(step + 1));
    Transfers transfers;
    if (parts.communicate && step + 1 < ranks_) {
      BB_RETURN_IF_ERROR(StartPassingOn(Row(matrix, rows.offset), rows.count,
                                        Row(matrix, next.offset), next.count, transfers));
    }
    if (parts.compute) BB_RETURN_IF_ERROR(use(rows, transfers));
    BB_RETURN_IF_ERROR(transfers.Wait());
  }
  return absl::OkStatus();
}

absl::Status RowRing::Reduce(Device& device, Buffer& matrix, Buffer& arriving, Parts parts,
                             Step make) const {
  Transfers none;
  if (parts.compute) BB_RETURN_IF_ERROR(make(Rows(Part(1)), none));
  for (int step = 0; step + 1 < ranks_; ++step) {
    const Piece rows = Rows(Part(step + 2)), complete = Rows(Part(step + 1));
    Transfers transfers;
    if (parts.communicate) {
      BB_RETURN_IF_ERROR(device.Synchronize());  // the sum to be sent is complete
      BB_RETURN_IF_ERROR(StartPassingOn(Row(matrix, complete.offset), complete.count,
                                        arriving.data(), rows.count, transfers));
    }
    if (parts.compute) BB_RETURN_IF_ERROR(make(rows, transfers));
    BB_RETURN_IF_ERROR(transfers.Wait());
    if (!parts.compute || rows.count == 0) continue;
    void* sum = Row(matrix, rows.offset);
    BB_RETURN_IF_ERROR(device.Butterfly(
        {.dtype = dtype_, .count = rows.count * width_, .x = sum, .z = arriving.data(), .y = sum}));
  }
  return absl::OkStatus();
}

TrafficTable RingGatherTraffic(const Problem& problem, int64_t width, int rank) {
  return RingTraffic(problem, width, rank, 0);
}

TrafficTable RingReduceTraffic(const Problem& problem, int64_t width, int rank) {
  return RingTraffic(problem, width, rank, 1);
}

}  // namespace basisbench
