// SPDX-License-Identifier: Apache-2.0
// Ring reduce-scatter. In step s of P-1, rank r sends its running sum of piece r-1-s to r+1 and
// adds what r-1 sends to its own piece r-2-s; the last sum it completes is its own piece. A piece
// travels in chunks, so that one is added while the next is on its way and still in cache.
// Bytes sent: sum of pieces - piece[r] (s(P-1)/P when even); messages: P-1, or more when pieces
// exceed kReduceChunkBytes. Bytes are optimal. Every sum is formed in one fixed order.
// Reference: P. Patarasuk, X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
// workstations", J. Parallel Distrib. Comput. 69(2), 2009.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/algorithms.h"
#include "workers/collectives/traffic_model.h"

namespace basisbench {
namespace {

template <typename T>
void AddTo(T* __restrict sum, const T* __restrict addend, int64_t count) {
  for (int64_t i = 0; i < count; ++i) sum[i] += addend[i];
}

void Add(Dtype dtype, std::byte* sum, const std::byte* addend, int64_t bytes) {
  if (dtype == Dtype::kF32) {
    AddTo(reinterpret_cast<float*>(sum), reinterpret_cast<const float*>(addend), bytes / 4);
  } else {
    AddTo(reinterpret_cast<double*>(sum), reinterpret_cast<const double*>(addend), bytes / 8);
  }
}

// Chunk `index` of `bytes` at `base`; empty past the end.
absl::Span<std::byte> Chunk(std::byte* base, int64_t bytes, int64_t index) {
  const int64_t begin = std::min(bytes, index * kReduceChunkBytes);
  const int64_t size = std::min(bytes - begin, kReduceChunkBytes);
  return {base + begin, static_cast<size_t>(size)};
}

// Sends `out` to the right while adding what comes from the left to `in`.
absl::Status Step(Channel& channel, Dtype dtype, absl::Span<std::byte> out,
                  absl::Span<std::byte> in) {
  const int ranks = channel.size(), rank = channel.rank();
  const int right = (rank + 1) % ranks, left = (rank - 1 + ranks) % ranks;
  std::byte* scratch = channel.link().scratch.data();
  const int64_t out_bytes = static_cast<int64_t>(out.size());
  const int64_t in_bytes = static_cast<int64_t>(in.size());

  Request receiving[2], sending[2];
  auto receive = [&](int64_t index) -> absl::Status {
    absl::Span<std::byte> chunk = Chunk(in.data(), in_bytes, index);
    BB_ASSIGN_OR_RETURN(receiving[index % 2],
                        channel.Recv(left, scratch + (index % 2) * kReduceChunkBytes,
                                     static_cast<int64_t>(chunk.size())));
    return absl::OkStatus();
  };
  BB_RETURN_IF_ERROR(receive(0));
  for (int64_t index = 0; index * kReduceChunkBytes < std::max(out_bytes, in_bytes); ++index) {
    BB_RETURN_IF_ERROR(sending[index % 2].Wait());
    absl::Span<std::byte> chunk = Chunk(out.data(), out_bytes, index);
    BB_ASSIGN_OR_RETURN(sending[index % 2],
                        channel.Send(right, chunk.data(), static_cast<int64_t>(chunk.size())));
    BB_RETURN_IF_ERROR(receive(index + 1));
    BB_RETURN_IF_ERROR(receiving[index % 2].Wait());
    chunk = Chunk(in.data(), in_bytes, index);
    Add(dtype, chunk.data(), scratch + (index % 2) * kReduceChunkBytes,
        static_cast<int64_t>(chunk.size()));
  }
  BB_RETURN_IF_ERROR(sending[0].Wait());
  return sending[1].Wait();
}

}  // namespace

absl::Status RingReduceScatter(Channel& channel, Dtype dtype, void* data,
                               absl::Span<const Piece> pieces) {
  const int ranks = channel.size(), rank = channel.rank();
  const int64_t width = DtypeSize(dtype);
  std::byte* base = static_cast<std::byte*>(data);
  auto bytes_of = [&](int part) {
    const Piece& piece = pieces[(part + 2 * ranks) % ranks];
    return absl::MakeSpan(base + piece.offset * width, static_cast<size_t>(piece.count * width));
  };
  if (ranks > 1) channel.link().scratch.resize(2 * kReduceChunkBytes);
  for (int step = 0; step < ranks - 1; ++step) {
    BB_RETURN_IF_ERROR(Step(channel, dtype, bytes_of(rank - 1 - step), bytes_of(rank - 2 - step)));
  }
  return absl::OkStatus();
}

}  // namespace basisbench
