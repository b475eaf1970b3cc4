// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/ordered_nccl.h"

#include <cstring>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/devices/dtype.h"

namespace basisbench {
namespace {

using Member = OrderedStreams::Member;
using Kind = OrderedStreams::Kind;

// A rank that polls between slices of work asks more than once for nothing; none so often.
constexpr int64_t kMostIdleRounds = 10000;

Dtype DtypeOf(ncclDataType_t type) {
  if (type == ncclFloat64) return Dtype::kF64;
  if (type == ncclBfloat16) return Dtype::kBf16;
  return type == ncclFloat16 ? Dtype::kF16 : Dtype::kF32;
}

size_t BytesOf(const Member& member) {
  return member.count * static_cast<size_t>(DtypeSize(DtypeOf(member.type)));
}

// `members` of a collective by rank: what each gave, before anything is written.
std::vector<std::byte> Given(const Member& member, size_t pieces) {
  const auto* first = static_cast<const std::byte*>(member.send);
  return {first, first + pieces * BytesOf(member)};
}

std::vector<std::byte> Result(const std::vector<Member*>& members) {
  const Member& one = *members[0];
  if (one.kind == Kind::kBroadcast) {
    for (size_t i = 0; i < members.size(); ++i) {
      if (one.ranks[i] == one.peer) return Given(*members[i], 1);
    }
  }
  std::vector<std::byte> result;
  if (one.kind == Kind::kAllGather) {
    for (const Member* member : members) {
      const std::vector<std::byte> given = Given(*member, 1);
      result.insert(result.end(), given.begin(), given.end());
    }
    return result;
  }
  const size_t pieces = one.kind == Kind::kReduceScatter ? members.size() : 1;
  result = Given(one, pieces);
  const Dtype dtype = DtypeOf(one.type);
  for (size_t at = 0; at < pieces * one.count; ++at) {
    double sum = 0;
    for (const Member* member : members)
      sum += LoadElement(dtype, member->send, static_cast<int64_t>(at));
    StoreElement(dtype, result.data(), static_cast<int64_t>(at), sum);
  }
  return result;
}

void Deliver(const std::vector<Member*>& members) {
  const std::vector<std::byte> result = Result(members);
  for (size_t i = 0; i < members.size(); ++i) {
    Member& member = *members[i];
    member.done = true;
    if (member.kind == Kind::kReduce && member.ranks[i] != member.peer) continue;
    const bool scatters = member.kind == Kind::kReduceScatter;
    const size_t bytes = scatters ? BytesOf(member) : result.size();
    std::memcpy(member.recv, result.data() + (scatters ? i * bytes : 0), bytes);
  }
}

}  // namespace

void OrderedStreams::Happened() {
  ++generation_;
  waiting_ = 0;
  happened_.notify_all();
}

int64_t OrderedStreams::Push(int rank, Group group) {
  const std::lock_guard lock(mutex_);
  Stream& stream = streams_[static_cast<size_t>(rank)];
  stream.groups.push_back(std::move(group));
  ++stream.pushed;
  idle_rounds_ = 0;
  Progress();
  Happened();
  return stream.pushed;
}

int64_t OrderedStreams::Pushed(int rank) {
  const std::lock_guard lock(mutex_);
  return streams_[static_cast<size_t>(rank)].pushed;
}

bool OrderedStreams::is_stuck() {
  const std::lock_guard lock(mutex_);
  return stuck_;
}

void OrderedStreams::Leave() {
  const std::lock_guard lock(mutex_);
  --live_;
  Happened();
}

int OrderedStreams::NewCommunicator() {
  const std::lock_guard lock(mutex_);
  return ++communicators_;
}

bool OrderedStreams::IsDone(int rank, int64_t groups) {
  std::unique_lock lock(mutex_);
  const Stream& stream = streams_[static_cast<size_t>(rank)];
  if (stream.done >= groups) return true;
  if (stuck_) return false;
  if (++waiting_ < live_) {
    happened_.wait(lock, [this, before = generation_] { return generation_ != before; });
  } else {
    stuck_ = ++idle_rounds_ > kMostIdleRounds;
    Happened();
  }
  return stream.done >= groups;
}

// The first open member of that kind in the group that a rank's stream is at.
Member* OrderedStreams::HeadOf(int rank, const Member& like, Kind kind, int peer) {
  Stream& stream = streams_[static_cast<size_t>(rank)];
  if (stream.groups.empty()) return nullptr;
  for (Member& member : stream.groups.front()) {
    if (!member.done && member.kind == kind && member.communicator == like.communicator &&
        member.peer == peer) {
      return &member;
    }
  }
  return nullptr;
}

bool OrderedStreams::MeetAll(const Member& member) {
  std::vector<Member*> members;
  for (const int rank : member.ranks) {
    members.push_back(HeadOf(rank, member, member.kind, member.peer));
    if (members.back() == nullptr) return false;
  }
  Deliver(members);
  return true;
}

bool OrderedStreams::Meet(int rank, Member& member) {
  if (member.done || member.kind == Kind::kRecv) return false;
  if (member.kind == Kind::kCopy) {
    std::memcpy(member.recv, member.send, member.count);
    return member.done = true;
  }
  if (member.kind != Kind::kSend) return MeetAll(member);
  Member* receive = HeadOf(member.peer, member, Kind::kRecv, rank);
  if (receive == nullptr || receive->count != member.count) return false;
  std::memcpy(receive->recv, member.send, BytesOf(member));
  return member.done = receive->done = true;
}

void OrderedStreams::Progress() {
  bool again = true;
  while (std::exchange(again, false)) {
    for (size_t rank = 0; rank < streams_.size(); ++rank) {
      Stream& stream = streams_[rank];
      if (stream.groups.empty()) continue;
      bool done = true;
      for (Member& member : stream.groups.front()) {
        again |= Meet(static_cast<int>(rank), member);
        done &= member.done;
      }
      if (!done) continue;
      stream.groups.pop_front();
      ++stream.done;
      again = true;
    }
  }
}

cudaError_t OrderedCuda::MemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                                     cudaStream_t) {
  streams_.Push(rank_,
                {{.kind = Kind::kCopy, .ranks = {}, .count = bytes, .send = from, .recv = to}});
  return cudaSuccess;
}

cudaError_t OrderedCuda::EventRecord(cudaEvent_t event, cudaStream_t) {
  places_[event] = streams_.Pushed(rank_);
  return cudaSuccess;
}

cudaError_t OrderedCuda::EventQuery(cudaEvent_t event) {
  return streams_.IsDone(rank_, places_[event]) ? cudaSuccess : cudaErrorNotReady;
}

ncclResult_t OrderedNccl::GetVersion(int* version) {
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}

ncclResult_t OrderedNccl::Make(Communicator& wire, std::unique_ptr<Communicator> own,
                               ncclComm_t* made) {
  auto comm = std::make_unique<Comm>();
  std::vector<double> ranks(static_cast<size_t>(wire.size()));
  std::vector<Piece> pieces;
  for (int64_t rank = 0; rank < wire.size(); ++rank) pieces.push_back({rank, 1});
  ranks[static_cast<size_t>(wire.rank())] = wire_.rank();
  double id = wire.rank() == 0 ? streams_.NewCommunicator() : 0;
  if (!wire.AllGather(Dtype::kF64, ranks.data(), pieces).ok() ||
      !wire.Broadcast(Dtype::kF64, &id, 1, 0).ok()) {
    return ncclRemoteError;
  }
  comm->wire = &wire, comm->own = std::move(own), comm->id = static_cast<int>(id);
  comm->ranks.assign(ranks.begin(), ranks.end());
  *made = reinterpret_cast<ncclComm_t>(comm.release());
  return ncclSuccess;
}

ncclResult_t OrderedNccl::CommInitRankConfig(ncclComm_t* comm, int, ncclUniqueId, int,
                                             ncclConfig_t*) {
  return Make(wire_, nullptr, comm);
}

ncclResult_t OrderedNccl::CommSplit(ncclComm_t comm, int color, int key, ncclComm_t* made,
                                    ncclConfig_t*) {
  auto split = Of(comm).wire->Split(color, key);
  if (!split.ok()) return ncclRemoteError;
  Communicator& wire = **split;
  return Make(wire, *std::move(split), made);
}

ncclResult_t OrderedNccl::CommCount(ncclComm_t comm, int* count) {
  *count = Of(comm).wire->size();
  return ncclSuccess;
}

ncclResult_t OrderedNccl::CommUserRank(ncclComm_t comm, int* rank) {
  *rank = Of(comm).wire->rank();
  return ncclSuccess;
}

ncclResult_t OrderedNccl::CommGetAsyncError(ncclComm_t, ncclResult_t* code) {
  *code = streams_.is_stuck() ? ncclInternalError : ncclSuccess;
  return ncclSuccess;
}

ncclResult_t OrderedNccl::CommAbort(ncclComm_t comm) { return CommDestroy(comm); }

ncclResult_t OrderedNccl::CommDestroy(ncclComm_t comm) {
  delete &Of(comm);
  return ncclSuccess;
}

ncclResult_t OrderedNccl::GroupStart() {
  ++depth_;
  return ncclSuccess;
}

ncclResult_t OrderedNccl::GroupEnd() {
  if (--depth_ > 0 || group_.empty()) return ncclSuccess;
  streams_.Push(wire_.rank(), std::exchange(group_, {}));
  return ncclSuccess;
}

ncclResult_t OrderedNccl::Issue(Kind kind, ncclComm_t comm, int peer, ncclDataType_t type,
                                size_t count, const void* send, void* recv) {
  const Comm& of = Of(comm);
  GroupStart();
  group_.push_back(
      {kind, of.id, of.ranks, of.ranks[static_cast<size_t>(peer)], type, count, send, recv});
  return GroupEnd();
}

ncclResult_t OrderedNccl::AllGather(const void* send, void* recv, size_t count, ncclDataType_t type,
                                    ncclComm_t comm, cudaStream_t) {
  return Issue(Kind::kAllGather, comm, 0, type, count, send, recv);
}

ncclResult_t OrderedNccl::ReduceScatter(const void* send, void* recv, size_t count,
                                        ncclDataType_t type, ncclRedOp_t, ncclComm_t comm,
                                        cudaStream_t) {
  return Issue(Kind::kReduceScatter, comm, 0, type, count, send, recv);
}

ncclResult_t OrderedNccl::AllReduce(const void* send, void* recv, size_t count, ncclDataType_t type,
                                    ncclRedOp_t, ncclComm_t comm, cudaStream_t) {
  return Issue(Kind::kAllReduce, comm, 0, type, count, send, recv);
}

ncclResult_t OrderedNccl::Reduce(const void* send, void* recv, size_t count, ncclDataType_t type,
                                 ncclRedOp_t, int root, ncclComm_t comm, cudaStream_t) {
  return Issue(Kind::kReduce, comm, root, type, count, send, recv);
}

ncclResult_t OrderedNccl::Broadcast(const void* send, void* recv, size_t count, ncclDataType_t type,
                                    int root, ncclComm_t comm, cudaStream_t) {
  return Issue(Kind::kBroadcast, comm, root, type, count, send, recv);
}

ncclResult_t OrderedNccl::Send(const void* data, size_t count, ncclDataType_t type, int peer,
                               ncclComm_t comm, cudaStream_t) {
  return Issue(Kind::kSend, comm, peer, type, count, data, nullptr);
}

ncclResult_t OrderedNccl::Recv(void* data, size_t count, ncclDataType_t type, int peer,
                               ncclComm_t comm, cudaStream_t) {
  return Issue(Kind::kRecv, comm, peer, type, count, nullptr, data);
}

}  // namespace basisbench
