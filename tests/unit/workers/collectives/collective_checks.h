// SPDX-License-Identifier: Apache-2.0
// Every collective against its definition and its declared traffic, for any communicator: used by
// the tests on threads and by the program that runs under mpirun. Values are small integers, so
// sums are exact and comparisons are too. All functions are collective; the first mismatch comes
// back as INTERNAL naming it.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/collectives/communicator.h"
#include "workers/collectives/traffic_model.h"

namespace basisbench::checks {

// Piece sizes of a case; the same on all ranks.
enum class Sizes { kEven, kUneven, kSomeZero, kAllZero, kLarge };

inline std::vector<Piece> MakePieces(Sizes sizes, int parts, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Piece> pieces(parts);
  int64_t offset = 0;
  for (Piece& piece : pieces) {
    int64_t count = 7;
    if (sizes == Sizes::kUneven) count = 1 + random() % 50;
    if (sizes == Sizes::kSomeZero) count = random() % 2 == 0 ? 0 : random() % 20;
    if (sizes == Sizes::kAllZero) count = 0;
    if (sizes == Sizes::kLarge) count = 50000 + random() % 100000;
    piece = {.offset = offset, .count = count};
    offset += count + random() % 3;  // gaps must stay untouched
  }
  return pieces;
}

inline int64_t Extent(absl::Span<const Piece> pieces) {
  return pieces.empty() ? 0 : pieces.back().offset + pieces.back().count + 1;
}

// What rank `rank` holds at index i before a collective; exact in f32, also summed over ranks.
inline double Value(int rank, int64_t i) {
  return static_cast<double>((i * 31 + rank * 17 + 5) % 1001 - 500);
}

template <typename T>
std::vector<T> Values(int rank, int64_t count) {
  std::vector<T> values(count);
  for (int64_t i = 0; i < count; ++i) values[i] = static_cast<T>(Value(rank, i));
  return values;
}

inline absl::Status Expect(bool ok, const std::string& what) {
  return ok ? absl::OkStatus() : absl::InternalError(what);
}

template <typename T>
absl::Status ExpectEqual(double expected, T actual, absl::string_view what, int64_t index) {
  if (static_cast<T>(expected) == actual) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(what, ": element ", index, " is ", actual, ", expected ", expected));
}

// Runs `call` and holds what the communicator counted for it against `declared`.
inline absl::Status ExpectTraffic(Communicator& communicator, const TrafficTable& declared,
                                  const std::function<absl::Status()>& call) {
  const TrafficTable before = communicator.traffic();
  BB_RETURN_IF_ERROR(call());
  const TrafficTable& after = communicator.traffic();
  for (size_t i = 0; i < after.size(); ++i) {
    const int64_t calls = after[i].calls - before[i].calls;
    const int64_t bytes = after[i].bytes_sent - before[i].bytes_sent;
    const int64_t messages = after[i].messages_sent - before[i].messages_sent;
    if (calls == declared[i].calls && bytes == declared[i].bytes_sent &&
        messages == declared[i].messages_sent && after[i].seconds >= before[i].seconds) {
      continue;
    }
    return absl::InternalError(absl::StrCat(
        CollectiveName(static_cast<Collective>(i)), " on rank ", communicator.rank(), " counted ",
        calls, " calls, ", bytes, " bytes, ", messages, " messages; declared ", declared[i].calls,
        ", ", declared[i].bytes_sent, ", ", declared[i].messages_sent));
  }
  return absl::OkStatus();
}

template <typename T>
inline constexpr Dtype kDtypeOf = sizeof(T) == 4 ? Dtype::kF32 : Dtype::kF64;

template <typename T>
absl::Status CheckAllGather(Communicator& communicator, absl::Span<const Piece> pieces) {
  const int rank = communicator.rank();
  std::vector<T> data = Values<T>(rank, Extent(pieces));
  BB_RETURN_IF_ERROR(ExpectTraffic(communicator, AllGatherTraffic(kDtypeOf<T>, pieces, rank), [&] {
    return communicator.AllGather(kDtypeOf<T>, data.data(), pieces);
  }));
  std::vector<T> expected = Values<T>(rank, Extent(pieces));
  for (size_t part = 0; part < pieces.size(); ++part) {
    for (int64_t i = pieces[part].offset; i < pieces[part].offset + pieces[part].count; ++i) {
      expected[i] = static_cast<T>(Value(static_cast<int>(part), i));
    }
  }
  for (size_t i = 0; i < data.size(); ++i) {
    BB_RETURN_IF_ERROR(ExpectEqual(expected[i], data[i], "all_gather", i));
  }
  return absl::OkStatus();
}

inline double SumOverRanks(int ranks, int64_t i) {
  double sum = 0;
  for (int r = 0; r < ranks; ++r) sum += Value(r, i);
  return sum;
}

template <typename T>
absl::Status CheckReduceScatter(Communicator& communicator, absl::Span<const Piece> pieces) {
  const int rank = communicator.rank(), ranks = communicator.size();
  std::vector<T> data = Values<T>(rank, Extent(pieces));
  BB_RETURN_IF_ERROR(
      ExpectTraffic(communicator, ReduceScatterTraffic(kDtypeOf<T>, pieces, rank),
                    [&] { return communicator.ReduceScatter(kDtypeOf<T>, data.data(), pieces); }));
  const Piece own = pieces[rank];
  for (int64_t i = own.offset; i < own.offset + own.count; ++i) {
    BB_RETURN_IF_ERROR(ExpectEqual(SumOverRanks(ranks, i), data[i], "reduce_scatter", i));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status CheckAllReduce(Communicator& communicator, int64_t count) {
  const int rank = communicator.rank(), ranks = communicator.size();
  std::vector<T> data = Values<T>(rank, count);
  BB_RETURN_IF_ERROR(
      ExpectTraffic(communicator, AllReduceTraffic(kDtypeOf<T>, count, rank, ranks),
                    [&] { return communicator.AllReduce(kDtypeOf<T>, data.data(), count); }));
  for (int64_t i = 0; i < count; ++i) {
    BB_RETURN_IF_ERROR(ExpectEqual(SumOverRanks(ranks, i), data[i], "all_reduce", i));
  }
  return absl::OkStatus();
}

// table[from] are the pieces rank `from` sends, by destination.
template <typename T>
absl::Status CheckAllToAll(Communicator& communicator, Sizes sizes, uint32_t seed) {
  const int rank = communicator.rank(), ranks = communicator.size();
  std::vector<std::vector<Piece>> table;
  for (int from = 0; from < ranks; ++from) table.push_back(MakePieces(sizes, ranks, seed + from));
  std::vector<Piece> recv_pieces(ranks);
  int64_t offset = 2;
  for (int from = 0; from < ranks; ++from) {
    recv_pieces[from] = {.offset = offset, .count = table[from][rank].count};
    offset += recv_pieces[from].count + 1;
  }
  const std::vector<T> send = Values<T>(rank, Extent(table[rank]));
  std::vector<T> recv(offset + 1, T{-7777});
  BB_RETURN_IF_ERROR(
      ExpectTraffic(communicator, AllToAllTraffic(kDtypeOf<T>, table[rank], rank), [&] {
        return communicator.AllToAll(kDtypeOf<T>, send.data(), table[rank], recv.data(),
                                     recv_pieces);
      }));
  std::vector<T> expected(recv.size(), T{-7777});
  for (int from = 0; from < ranks; ++from) {
    for (int64_t i = 0; i < recv_pieces[from].count; ++i) {
      expected[recv_pieces[from].offset + i] =
          static_cast<T>(Value(from, table[from][rank].offset + i));
    }
  }
  for (size_t i = 0; i < recv.size(); ++i) {
    BB_RETURN_IF_ERROR(ExpectEqual(expected[i], recv[i], "all_to_all", i));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status CheckBroadcast(Communicator& communicator, int64_t count, int root) {
  const int rank = communicator.rank(), ranks = communicator.size();
  std::vector<T> data = Values<T>(rank, count);
  BB_RETURN_IF_ERROR(
      ExpectTraffic(communicator, BroadcastTraffic(kDtypeOf<T>, count, rank, ranks, root),
                    [&] { return communicator.Broadcast(kDtypeOf<T>, data.data(), count, root); }));
  for (int64_t i = 0; i < count; ++i) {
    BB_RETURN_IF_ERROR(ExpectEqual(Value(root, i), data[i], "broadcast", i));
  }
  return absl::OkStatus();
}

// A shift around the ring by `distance`, two of them in flight at once with a collective between.
template <typename T>
absl::Status CheckSendRecv(Communicator& communicator, int64_t count, int distance) {
  const int rank = communicator.rank(), ranks = communicator.size();
  const int to = (rank + distance) % ranks, from = (rank - distance + ranks) % ranks;
  const std::vector<T> send = Values<T>(rank, 2 * count);
  std::vector<T> recv(2 * count);
  TrafficTable declared = SendRecvTraffic(kDtypeOf<T>, count, rank, to);
  AddTraffic(declared, declared);
  AddTraffic(AllReduceTraffic(kDtypeOf<T>, 5, rank, ranks), declared);
  BB_RETURN_IF_ERROR(ExpectTraffic(communicator, declared, [&]() -> absl::Status {
    BB_ASSIGN_OR_RETURN(auto first, communicator.StartSendRecv(kDtypeOf<T>, send.data(), count, to,
                                                               recv.data(), count, from));
    std::vector<T> five = Values<T>(rank, 5);
    BB_RETURN_IF_ERROR(communicator.AllReduce(kDtypeOf<T>, five.data(), 5));
    BB_ASSIGN_OR_RETURN(auto second,
                        communicator.StartSendRecv(kDtypeOf<T>, send.data() + count, count, to,
                                                   recv.data() + count, count, from));
    BB_RETURN_IF_ERROR(second->Wait());
    BB_RETURN_IF_ERROR(first->Wait());
    BB_ASSIGN_OR_RETURN(const bool done, first->Test());
    return Expect(done, "a finished send_recv tests as unfinished");
  }));
  for (int64_t i = 0; i < 2 * count; ++i) {
    BB_RETURN_IF_ERROR(ExpectEqual(Value(from, i), recv[i], "send_recv", i));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status CheckAllOfType(Communicator& communicator) {
  const int ranks = communicator.size();
  uint32_t seed = 1;
  for (Sizes sizes :
       {Sizes::kEven, Sizes::kUneven, Sizes::kSomeZero, Sizes::kAllZero, Sizes::kLarge}) {
    for (int round = 0; round < 4; ++round, ++seed) {
      const std::vector<Piece> pieces = MakePieces(sizes, ranks, seed);
      BB_RETURN_IF_ERROR(CheckAllGather<T>(communicator, pieces));
      BB_RETURN_IF_ERROR(CheckReduceScatter<T>(communicator, pieces));
      BB_RETURN_IF_ERROR(CheckAllToAll<T>(communicator, sizes, seed));
    }
  }
  for (int64_t count : {0, 1, 2, 7, 100, 200000}) {
    BB_RETURN_IF_ERROR(CheckAllReduce<T>(communicator, count));
    for (int root = 0; root < ranks; ++root) {
      BB_RETURN_IF_ERROR(CheckBroadcast<T>(communicator, count, root));
      BB_RETURN_IF_ERROR(CheckSendRecv<T>(communicator, count, root));
    }
  }
  return communicator.Barrier();
}

// Odd and even ranks apart, in reverse order, then each half split again: no message of one
// communicator may reach another, and all counts go to one table.
inline absl::Status CheckSplit(Communicator& communicator) {
  const int rank = communicator.rank(), ranks = communicator.size();
  BB_ASSIGN_OR_RETURN(auto half, communicator.Split(rank % 2, -rank));
  const int members = (ranks + 1 - rank % 2) / 2;
  BB_RETURN_IF_ERROR(Expect(half->size() == members, "split has the wrong size"));
  BB_RETURN_IF_ERROR(
      Expect(half->rank() == members - 1 - rank / 2, "split has the wrong rank order"));
  BB_RETURN_IF_ERROR(CheckAllReduce<float>(*half, 1000));
  BB_RETURN_IF_ERROR(CheckAllReduce<float>(communicator, 1000));
  BB_ASSIGN_OR_RETURN(auto alone, half->Split(half->rank(), 0));
  BB_RETURN_IF_ERROR(Expect(alone->size() == 1, "split by rank is not alone"));
  BB_RETURN_IF_ERROR(CheckAllOfType<double>(*alone));
  BB_RETURN_IF_ERROR(CheckAllGather<double>(*half, MakePieces(Sizes::kUneven, members, 9)));
  return Expect(&half->traffic() == &communicator.traffic(), "split counts elsewhere");
}

inline absl::Status CheckEverything(Communicator& communicator) {
  BB_RETURN_IF_ERROR(CheckAllOfType<float>(communicator));
  BB_RETURN_IF_ERROR(CheckAllOfType<double>(communicator));
  BB_RETURN_IF_ERROR(CheckSplit(communicator));
  return communicator.Barrier();
}

}  // namespace basisbench::checks
