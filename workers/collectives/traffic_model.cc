// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/traffic_model.h"

#include <algorithm>

namespace basisbench {
namespace {

TrafficTable OneCall(Collective collective, int64_t bytes, int64_t messages) {
  TrafficTable table = {};
  table[static_cast<size_t>(collective)] = {
      .calls = 1, .bytes_sent = bytes, .messages_sent = messages};
  return table;
}

int64_t Chunks(int64_t bytes) { return (bytes + kReduceChunkBytes - 1) / kReduceChunkBytes; }

}  // namespace

std::vector<Piece> EvenPieces(int64_t count, int parts) {
  std::vector<Piece> pieces(parts);
  const int64_t base = count / parts, larger = count % parts;
  int64_t offset = 0;
  for (int part = 0; part < parts; ++part) {
    pieces[part] = {.offset = offset, .count = base + (part < larger ? 1 : 0)};
    offset += pieces[part].count;
  }
  return pieces;
}

TrafficTable AllGatherTraffic(Dtype dtype, absl::Span<const Piece> pieces, int rank) {
  const int ranks = static_cast<int>(pieces.size());
  int64_t bytes = 0, messages = 0;
  for (int part = 0; part < ranks; ++part) {
    if (part == (rank + 1) % ranks || pieces[part].count == 0) continue;
    bytes += pieces[part].count * DtypeSize(dtype);
    ++messages;
  }
  return OneCall(Collective::kAllGather, bytes, messages);
}

TrafficTable ReduceScatterTraffic(Dtype dtype, absl::Span<const Piece> pieces, int rank) {
  int64_t bytes = 0, messages = 0;
  for (int part = 0; part < static_cast<int>(pieces.size()); ++part) {
    if (part == rank) continue;
    bytes += pieces[part].count * DtypeSize(dtype);
    messages += Chunks(pieces[part].count * DtypeSize(dtype));
  }
  return OneCall(Collective::kReduceScatter, bytes, messages);
}

TrafficTable AllReduceTraffic(Dtype dtype, int64_t count, int rank, int ranks) {
  const std::vector<Piece> pieces = EvenPieces(count, ranks);
  const Traffic scatter =
      ReduceScatterTraffic(dtype, pieces, rank)[static_cast<size_t>(Collective::kReduceScatter)];
  const Traffic gather =
      AllGatherTraffic(dtype, pieces, rank)[static_cast<size_t>(Collective::kAllGather)];
  return OneCall(Collective::kAllReduce, scatter.bytes_sent + gather.bytes_sent,
                 scatter.messages_sent + gather.messages_sent);
}

TrafficTable AllToAllTraffic(Dtype dtype, absl::Span<const Piece> send_pieces, int rank) {
  int64_t bytes = 0, messages = 0;
  for (int part = 0; part < static_cast<int>(send_pieces.size()); ++part) {
    if (part == rank || send_pieces[part].count == 0) continue;
    bytes += send_pieces[part].count * DtypeSize(dtype);
    ++messages;
  }
  return OneCall(Collective::kAllToAll, bytes, messages);
}

TrafficTable SendRecvTraffic(Dtype dtype, int64_t send_count, int rank, int to) {
  const bool sends = to >= 0 && to != rank && send_count > 0;
  return OneCall(Collective::kSendRecv, sends ? send_count * DtypeSize(dtype) : 0, sends ? 1 : 0);
}

TrafficTable BroadcastTraffic(Dtype dtype, int64_t count, int rank, int ranks, int root) {
  // A rank at distance r from the root sends to r + 2^k for every 2^k below its lowest set bit.
  const int distance = (rank - root + ranks) % ranks;
  int64_t children = 0;
  for (int bit = 1; bit < ranks && (distance & bit) == 0; bit <<= 1) {
    if (distance + bit < ranks) ++children;
  }
  if (count == 0) children = 0;
  return OneCall(Collective::kBroadcast, children * count * DtypeSize(dtype), children);
}

void AddTraffic(const TrafficTable& more, TrafficTable& total) {
  for (size_t i = 0; i < total.size(); ++i) {
    total[i].calls += more[i].calls;
    total[i].bytes_sent += more[i].bytes_sent;
    total[i].messages_sent += more[i].messages_sent;
    total[i].seconds += more[i].seconds;
  }
}

}  // namespace basisbench
