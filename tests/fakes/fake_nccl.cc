// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/fake_nccl.h"

#include <cstring>

namespace basisbench {
namespace {

Dtype DtypeOf(ncclDataType_t type) { return type == ncclFloat64 ? Dtype::kF64 : Dtype::kF32; }

std::vector<Piece> Even(size_t count, int ranks) {
  std::vector<Piece> pieces;
  for (int rank = 0; rank < ranks; ++rank)
    pieces.push_back({rank * static_cast<int64_t>(count), static_cast<int64_t>(count)});
  return pieces;
}

std::vector<std::byte> Copied(const void* data, size_t count, Dtype dtype) {
  const auto* first = static_cast<const std::byte*>(data);
  return {first, first + count * static_cast<size_t>(DtypeSize(dtype))};
}

}  // namespace

ncclResult_t FakeNccl::Enter(const std::string& name) {
  ++calls[name];
  const auto failing = fail_once.find(name);
  if (failing == fail_once.end()) return ncclSuccess;
  const ncclResult_t code = failing->second;
  fail_once.erase(failing);
  return code;
}

ncclResult_t FakeNccl::Answer(const absl::Status& status) const {
  return status.ok() ? ncclSuccess : ncclRemoteError;
}

bool FakeNccl::IsDone() {
  while (!under_way_.empty()) {
    const absl::StatusOr<bool> done = under_way_.back()->Test();
    if (!done.ok() || !*done) return false;
    under_way_.pop_back();
  }
  return true;
}

ncclResult_t FakeNccl::GetVersion(int* version) {
  *version = NCCL_VERSION_CODE;
  return Enter("GetVersion");
}

ncclResult_t FakeNccl::GetUniqueId(ncclUniqueId* id) {
  std::memset(id, 7, sizeof(*id));
  return Enter("GetUniqueId");
}

ncclResult_t FakeNccl::CommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank,
                                          ncclConfig_t* config) {
  if (config->blocking != 0 || ranks != wire_.size() || rank != wire_.rank()) {
    return ncclInvalidArgument;
  }
  for (const char c : id.internal) {
    if (c != 7) return ncclInvalidArgument;
  }
  if (const ncclResult_t code = Enter("CommInitRankConfig"); code != ncclSuccess) return code;
  *comm = reinterpret_cast<ncclComm_t>(new Comm{&wire_, nullptr});
  ++alive;
  return ncclInProgress;
}

ncclResult_t FakeNccl::CommSplit(ncclComm_t comm, int color, int key, ncclComm_t* made,
                                 ncclConfig_t*) {
  if (const ncclResult_t code = Enter("CommSplit"); code != ncclSuccess) return code;
  auto split = Of(comm).wire->Split(color, key);
  if (!split.ok()) return ncclRemoteError;
  Communicator* wire = split->get();
  *made = reinterpret_cast<ncclComm_t>(new Comm{wire, *std::move(split)});
  ++alive;
  Of(comm).answers_in_progress = 1;
  return ncclInProgress;
}

ncclResult_t FakeNccl::CommCount(ncclComm_t comm, int* count) {
  *count = Of(comm).wire->size();
  return Enter("CommCount");
}

ncclResult_t FakeNccl::CommUserRank(ncclComm_t comm, int* rank) {
  *rank = Of(comm).wire->rank();
  return Enter("CommUserRank");
}

ncclResult_t FakeNccl::CommGetAsyncError(ncclComm_t comm, ncclResult_t* code) {
  const bool waits = never_made || Of(comm).answers_in_progress > 0;
  if (waits) --Of(comm).answers_in_progress;
  *code = waits ? ncclInProgress : async;
  return Enter("CommGetAsyncError");
}

ncclResult_t FakeNccl::CommAbort(ncclComm_t comm) {
  delete &Of(comm);
  --alive;
  ++aborted;
  return Enter("CommAbort");
}

ncclResult_t FakeNccl::CommFinalize(ncclComm_t comm) {
  Of(comm).answers_in_progress = 1;
  const ncclResult_t code = Enter("CommFinalize");
  return code == ncclSuccess ? ncclInProgress : code;
}

ncclResult_t FakeNccl::CommDestroy(ncclComm_t comm) {
  delete &Of(comm);
  --alive;
  return Enter("CommDestroy");
}

ncclResult_t FakeNccl::GroupStart() {
  ++depth_;
  return Enter("GroupStart");
}

ncclResult_t FakeNccl::GroupEnd() {
  --depth_;
  return Enter("GroupEnd");
}

ncclResult_t FakeNccl::AllGather(const void* send, void* recv, size_t count, ncclDataType_t type,
                                 ncclComm_t comm, cudaStream_t) {
  if (const ncclResult_t code = Enter("AllGather"); code != ncclSuccess) return code;
  Communicator& wire = *Of(comm).wire;
  const Dtype dtype = DtypeOf(type);
  const auto bytes = static_cast<int64_t>(count) * DtypeSize(dtype);
  if (send != static_cast<std::byte*>(recv) + wire.rank() * bytes) return ncclInvalidArgument;
  return Answer(wire.AllGather(dtype, recv, Even(count, wire.size())));
}

ncclResult_t FakeNccl::ReduceScatter(const void* send, void* recv, size_t count,
                                     ncclDataType_t type, ncclRedOp_t, ncclComm_t comm,
                                     cudaStream_t) {
  if (const ncclResult_t code = Enter("ReduceScatter"); code != ncclSuccess) return code;
  Communicator& wire = *Of(comm).wire;
  const Dtype dtype = DtypeOf(type);
  auto sums = Copied(send, count * static_cast<size_t>(wire.size()), dtype);
  const absl::Status status = wire.ReduceScatter(dtype, sums.data(), Even(count, wire.size()));
  const size_t bytes = count * static_cast<size_t>(DtypeSize(dtype));
  std::memcpy(recv, sums.data() + static_cast<size_t>(wire.rank()) * bytes, bytes);
  return Answer(status);
}

ncclResult_t FakeNccl::AllReduce(const void* send, void* recv, size_t count, ncclDataType_t type,
                                 ncclRedOp_t, ncclComm_t comm, cudaStream_t) {
  if (const ncclResult_t code = Enter("AllReduce"); code != ncclSuccess) return code;
  if (send != recv) return ncclInvalidArgument;
  return Answer(Of(comm).wire->AllReduce(DtypeOf(type), recv, static_cast<int64_t>(count)));
}

ncclResult_t FakeNccl::Reduce(const void* send, void* recv, size_t count, ncclDataType_t type,
                              ncclRedOp_t, int root, ncclComm_t comm, cudaStream_t) {
  if (const ncclResult_t code = Enter("Reduce"); code != ncclSuccess) return code;
  const Dtype dtype = DtypeOf(type);
  auto sums = Copied(send, count, dtype);
  const absl::Status status =
      Of(comm).wire->AllReduce(dtype, sums.data(), static_cast<int64_t>(count));
  if (Of(comm).wire->rank() == root) std::memcpy(recv, sums.data(), sums.size());
  return Answer(status);
}

ncclResult_t FakeNccl::Broadcast(const void* send, void* recv, size_t count, ncclDataType_t type,
                                 int root, ncclComm_t comm, cudaStream_t) {
  if (const ncclResult_t code = Enter("Broadcast"); code != ncclSuccess) return code;
  if (send != recv) return ncclInvalidArgument;
  return Answer(Of(comm).wire->Broadcast(DtypeOf(type), recv, static_cast<int64_t>(count), root));
}

ncclResult_t FakeNccl::Start(absl::StatusOr<std::unique_ptr<Pending>> started) {
  // Outside of a group, a send that waits for its receiver would block the stream.
  if (depth_ == 0) return ncclInvalidUsage;
  if (!started.ok()) return ncclRemoteError;
  under_way_.push_back(*std::move(started));
  return ncclSuccess;
}

ncclResult_t FakeNccl::Send(const void* data, size_t count, ncclDataType_t type, int peer,
                            ncclComm_t comm, cudaStream_t) {
  if (const ncclResult_t code = Enter("Send"); code != ncclSuccess) return code;
  return Start(Of(comm).wire->StartSendRecv(DtypeOf(type), data, static_cast<int64_t>(count), peer,
                                            nullptr, 0, -1));
}

ncclResult_t FakeNccl::Recv(void* data, size_t count, ncclDataType_t type, int peer,
                            ncclComm_t comm, cudaStream_t) {
  if (const ncclResult_t code = Enter("Recv"); code != ncclSuccess) return code;
  return Start(Of(comm).wire->StartSendRecv(DtypeOf(type), nullptr, 0, -1, data,
                                            static_cast<int64_t>(count), peer));
}

}  // namespace basisbench
