// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/halo.h"

#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"

namespace basisbench {
namespace {

int64_t End(const Piece& piece) { return piece.offset + piece.count; }

// What a run has of a part, as elements of both.
struct Common {
  int64_t in_part = 0, in_run = 0, count = 0;
};

Common CommonOf(const Piece& part, const Piece& run, int64_t length) {
  for (const int64_t around : {int64_t{0}, -length, length}) {
    const int64_t first = std::max(part.offset, run.offset + around);
    const int64_t end = std::min(End(part), End(run) + around);
    if (end > first) return {first - part.offset, first - around - run.offset, end - first};
  }
  return {};
}

}  // namespace

std::vector<Piece> RunsBefore(absl::Span<const Piece> parts, int64_t depth) {
  std::vector<Piece> runs;
  for (const Piece& part : parts) {
    const int64_t count = part.count == 0 ? 0 : std::min(depth, part.offset);
    runs.push_back({part.offset - count, count});
  }
  return runs;
}

std::vector<Piece> RunsAfter(absl::Span<const Piece> parts, int64_t depth) {
  std::vector<Piece> runs;
  for (const Piece& part : parts)
    runs.push_back(
        {End(part), part.count == 0 ? 0 : std::min(depth, End(parts.back()) - End(part))});
  return runs;
}

Halo::Halo(Dtype dtype, int64_t width, absl::Span<const Piece> parts,
           absl::Span<const Piece> needed, int rank)
    : dtype_(dtype), width_(width), rank_(rank), needed_(needed[rank].count) {
  const int ranks = static_cast<int>(parts.size());
  const int64_t length = End(parts.back());
  int64_t first = parts[rank].count, end = 0;
  for (int distance = 1; distance < ranks; ++distance) {
    const int to = (rank + distance) % ranks, from = (rank - distance + ranks) % ranks;
    const Common lent = CommonOf(parts[rank], needed[to], length);
    const Common brought = CommonOf(parts[from], needed[rank], length);
    if (lent.count == 0 && brought.count == 0) continue;
    exchanges_.push_back({lent.count > 0 ? to : -1,
                          brought.count > 0 ? from : -1,
                          {lent.in_part, lent.count},
                          {brought.in_run, brought.count}});
    if (lent.count == 0) continue;
    first = std::min(first, lent.in_part);
    end = std::max(end, lent.in_part + lent.count);
  }
  if (end > first) lent_ = {first, end - first};
}

absl::Status Halo::Start(Communicator& communicator, const void* lent, void* halo,
                         Transfers& transfers) const {
  const int64_t size = width_ * DtypeSize(dtype_);
  for (const Exchange& one : exchanges_) {
    const auto* send =
        static_cast<const std::byte*>(lent) + (one.send.offset - lent_.offset) * size;
    std::byte* receive = static_cast<std::byte*>(halo) + one.receive.offset * size;
    BB_ASSIGN_OR_RETURN(auto pending,
                        communicator.StartSendRecv(dtype_, send, one.send.count * width_, one.to,
                                                   receive, one.receive.count * width_, one.from));
    transfers.Add(std::move(pending));
  }
  return absl::OkStatus();
}

TrafficTable Halo::DeclaredTraffic() const {
  TrafficTable traffic = {};
  for (const Exchange& one : exchanges_)
    AddTraffic(SendRecvTraffic(dtype_, one.send.count * width_, rank_, one.to), traffic);
  return traffic;
}

}  // namespace basisbench
