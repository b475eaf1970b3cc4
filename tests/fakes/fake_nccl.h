// SPDX-License-Identifier: Apache-2.0
// NCCL between threads: each rank's object moves bytes through a communicator of host memory. As a
// non-blocking NCCL does, it answers "in progress" first; point-to-point calls of a group go on
// when events are asked for. Counts what is alive, fails and hangs where it is told to. Each rank
// has its own; one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workers/collectives/communicator.h"
#include "workers/collectives/nccl/nccl_api.h"

namespace basisbench {

class FakeNccl : public NcclApi {
 public:
  // `wire` has the world's ranks and outlives this.
  explicit FakeNccl(Communicator& wire) : wire_(wire) {}

  std::map<std::string, ncclResult_t> fail_once;  // by name
  std::map<std::string, int> calls;
  ncclResult_t async = ncclSuccess;  // what every communicator reports, once made
  bool never_made = false;           // communicators stay in the making
  int alive = 0, aborted = 0;

  // Whether everything issued is done: what events wait for.
  bool IsDone();

  ncclResult_t GetVersion(int* version) override;
  const char* GetErrorString(ncclResult_t) override { return "as told"; }
  const char* GetLastError(ncclComm_t) override { return "by the test"; }
  ncclResult_t GetUniqueId(ncclUniqueId* id) override;
  ncclResult_t CommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank,
                                  ncclConfig_t* config) override;
  ncclResult_t CommSplit(ncclComm_t comm, int color, int key, ncclComm_t* made,
                         ncclConfig_t* config) override;
  ncclResult_t CommCount(ncclComm_t comm, int* count) override;
  ncclResult_t CommUserRank(ncclComm_t comm, int* rank) override;
  ncclResult_t CommGetAsyncError(ncclComm_t comm, ncclResult_t* code) override;
  ncclResult_t CommAbort(ncclComm_t comm) override;
  ncclResult_t CommFinalize(ncclComm_t comm) override;
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
  struct Comm {
    Communicator* wire;
    std::unique_ptr<Communicator> own;  // of a split
    int answers_in_progress = 2;
  };
  ncclResult_t Enter(const std::string& name);
  ncclResult_t Answer(const absl::Status& status) const;
  static Comm& Of(ncclComm_t comm) { return *reinterpret_cast<Comm*>(comm); }
  ncclResult_t Start(absl::StatusOr<std::unique_ptr<Pending>> started);

  Communicator& wire_;
  int depth_ = 0;  // of groups
  std::vector<std::unique_ptr<Pending>> under_way_;
};

}  // namespace basisbench
