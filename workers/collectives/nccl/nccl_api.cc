// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/nccl/nccl_api.h"

namespace basisbench {
namespace {

class NcclLibrary : public NcclApi {
 public:
  ncclResult_t GetVersion(int* version) override { return ncclGetVersion(version); }
  const char* GetErrorString(ncclResult_t code) override { return ncclGetErrorString(code); }
  const char* GetLastError(ncclComm_t comm) override { return ncclGetLastError(comm); }
  ncclResult_t GetUniqueId(ncclUniqueId* id) override { return ncclGetUniqueId(id); }
  ncclResult_t CommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank,
                                  ncclConfig_t* config) override {
    return ncclCommInitRankConfig(comm, ranks, id, rank, config);
  }
  ncclResult_t CommSplit(ncclComm_t comm, int color, int key, ncclComm_t* made,
                         ncclConfig_t* config) override {
    return ncclCommSplit(comm, color, key, made, config);
  }
  ncclResult_t CommCount(ncclComm_t comm, int* count) override {
    return ncclCommCount(comm, count);
  }
  ncclResult_t CommUserRank(ncclComm_t comm, int* rank) override {
    return ncclCommUserRank(comm, rank);
  }
  ncclResult_t CommGetAsyncError(ncclComm_t comm, ncclResult_t* code) override {
    return ncclCommGetAsyncError(comm, code);
  }
  ncclResult_t CommAbort(ncclComm_t comm) override { return ncclCommAbort(comm); }
  ncclResult_t CommFinalize(ncclComm_t comm) override { return ncclCommFinalize(comm); }
  ncclResult_t CommDestroy(ncclComm_t comm) override { return ncclCommDestroy(comm); }
  ncclResult_t GroupStart() override { return ncclGroupStart(); }
  ncclResult_t GroupEnd() override { return ncclGroupEnd(); }
  ncclResult_t AllGather(const void* send, void* recv, size_t count, ncclDataType_t type,
                         ncclComm_t comm, cudaStream_t stream) override {
    return ncclAllGather(send, recv, count, type, comm, stream);
  }
  ncclResult_t ReduceScatter(const void* send, void* recv, size_t count, ncclDataType_t type,
                             ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) override {
    return ncclReduceScatter(send, recv, count, type, op, comm, stream);
  }
  ncclResult_t AllReduce(const void* send, void* recv, size_t count, ncclDataType_t type,
                         ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) override {
    return ncclAllReduce(send, recv, count, type, op, comm, stream);
  }
  ncclResult_t Reduce(const void* send, void* recv, size_t count, ncclDataType_t type,
                      ncclRedOp_t op, int root, ncclComm_t comm, cudaStream_t stream) override {
    return ncclReduce(send, recv, count, type, op, root, comm, stream);
  }
  ncclResult_t Broadcast(const void* send, void* recv, size_t count, ncclDataType_t type, int root,
                         ncclComm_t comm, cudaStream_t stream) override {
    return ncclBroadcast(send, recv, count, type, root, comm, stream);
  }
  ncclResult_t Send(const void* data, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                    cudaStream_t stream) override {
    return ncclSend(data, count, type, peer, comm, stream);
  }
  ncclResult_t Recv(void* data, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                    cudaStream_t stream) override {
    return ncclRecv(data, count, type, peer, comm, stream);
  }
};

}  // namespace

NcclApi& RealNcclApi() {
  static NcclLibrary library;
  return library;
}

}  // namespace basisbench
