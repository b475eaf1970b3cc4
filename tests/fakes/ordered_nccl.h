// SPDX-License-Identifier: Apache-2.0
// NCCL between threads, as strict about order as streams may make it: a rank's stream does one
// group after the other, and a group is done when each of its sends has met its receive, and each
// of its collectives the other ranks', in the groups that are at the heads of their streams at that
// time. Nothing is buffered. When all ranks ask for what will never be done, everything fails.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "tests/fakes/fake_cuda.h"
#include "workers/collectives/communicator.h"
#include "workers/collectives/nccl/nccl_api.h"

namespace basisbench {

// The streams of all ranks of a world. Any thread.
class OrderedStreams {
 public:
  enum class Kind {
    kSend,
    kRecv,
    kCopy,
    kAllGather,
    kReduceScatter,
    kAllReduce,
    kReduce,
    kBroadcast
  };
  // Ranks are the world's.
  struct Member {
    Kind kind = Kind::kCopy;
    int communicator = 0;
    std::vector<int> ranks;  // of a collective
    int peer = 0;            // or root
    ncclDataType_t type = ncclFloat32;
    size_t count = 0;  // of kCopy bytes
    const void* send = nullptr;
    void* recv = nullptr;
    bool done = false;
  };
  using Group = std::vector<Member>;

  explicit OrderedStreams(int ranks) : streams_(static_cast<size_t>(ranks)), live_(ranks) {}

  // How many groups the rank's stream has been given, this one included.
  int64_t Push(int rank, Group group);
  int64_t Pushed(int rank);
  // Whether the first `groups` of the rank are done; waits a while for something to happen.
  bool IsDone(int rank, int64_t groups);
  bool is_stuck();
  void Leave();  // a rank asks no more
  int NewCommunicator();

 private:
  struct Stream {
    std::deque<Group> groups;
    int64_t pushed = 0, done = 0;
  };
  Member* HeadOf(int rank, const Member& like, Kind kind, int peer);
  bool Meet(int rank, Member& member);
  bool MeetAll(const Member& member);
  void Progress();
  void Happened();

  std::mutex mutex_;
  std::condition_variable happened_;
  std::vector<Stream> streams_;
  int live_, waiting_ = 0, communicators_ = 0;
  int64_t generation_ = 0, idle_rounds_ = 0;
  bool stuck_ = false;
};

// The runtime of one rank: events are places in its stream.
class OrderedCuda : public FakeCudaRuntime {
 public:
  OrderedCuda(FakeCudaState& state, OrderedStreams& streams, int rank)
      : FakeCudaRuntime(state), streams_(streams), rank_(rank) {}
  cudaError_t MemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                          cudaStream_t stream) override;
  cudaError_t EventRecord(cudaEvent_t event, cudaStream_t stream) override;
  cudaError_t EventQuery(cudaEvent_t event) override;

 private:
  OrderedStreams& streams_;
  const int rank_;
  std::map<cudaEvent_t, int64_t> places_;
};

// The library of one rank. `wire` has the world's ranks; it makes communicators and moves nothing.
class OrderedNccl : public NcclApi {
 public:
  OrderedNccl(OrderedStreams& streams, Communicator& wire) : streams_(streams), wire_(wire) {}
  ~OrderedNccl() override { streams_.Leave(); }

  ncclResult_t GetVersion(int* version) override;
  const char* GetErrorString(ncclResult_t) override { return "stuck"; }
  const char* GetLastError(ncclComm_t) override { return "streams wait for each other for ever"; }
  ncclResult_t GetUniqueId(ncclUniqueId*) override { return ncclSuccess; }
  ncclResult_t CommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank,
                                  ncclConfig_t* config) override;
  ncclResult_t CommSplit(ncclComm_t comm, int color, int key, ncclComm_t* made,
                         ncclConfig_t* config) override;
  ncclResult_t CommCount(ncclComm_t comm, int* count) override;
  ncclResult_t CommUserRank(ncclComm_t comm, int* rank) override;
  ncclResult_t CommGetAsyncError(ncclComm_t comm, ncclResult_t* code) override;
  ncclResult_t CommAbort(ncclComm_t comm) override;
  ncclResult_t CommFinalize(ncclComm_t) override { return ncclSuccess; }
  ncclResult_t CommDestroy(ncclComm_t comm) override;
  ncclResult_t GroupStart() override;
  ncclResult_t GroupEnd() override;
  ncclResult_t AllGather(const void* send, void* recv, size_t count, ncclDataType_t type,
                         ncclComm_t comm, cudaStream_t stream) override;
  ncclResult_t ReduceScatter(const void* send, void* recv, size_t count, ncclDataType_t type,
                             ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) override;
  ncclResult_t AllReduce(const void* send, void* recv, size_t count, ncclDataType_t type,
                         ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) override;
  ncclResult_t Reduce(const void* send, void* recv, size_t count, ncclDataType_t type,
                      ncclRedOp_t op, int root, ncclComm_t comm, cudaStream_t stream) override;
  ncclResult_t Broadcast(const void* send, void* recv, size_t count, ncclDataType_t type, int root,
                         ncclComm_t comm, cudaStream_t stream) override;
  ncclResult_t Send(const void* data, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                    cudaStream_t stream) override;
  ncclResult_t Recv(void* data, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                    cudaStream_t stream) override;

 private:
  using Kind = OrderedStreams::Kind;
  struct Comm {
    Communicator* wire;
    std::unique_ptr<Communicator> own;  // of a split
    int id = 0;
    std::vector<int> ranks;  // of the world
  };
  static Comm& Of(ncclComm_t comm) { return *reinterpret_cast<Comm*>(comm); }
  ncclResult_t Make(Communicator& wire, std::unique_ptr<Communicator> own, ncclComm_t* made);
  ncclResult_t Issue(Kind kind, ncclComm_t comm, int peer, ncclDataType_t type, size_t count,
                     const void* send, void* recv);

  OrderedStreams& streams_;
  Communicator& wire_;
  int depth_ = 0;
  OrderedStreams::Group group_;
};

}  // namespace basisbench
