// SPDX-License-Identifier: Apache-2.0
// What is used of NCCL, as an object, so that what is above it can be tested without a GPU. Methods
// have the names, arguments and results of the functions they stand for. The real one is stateless.
#pragma once

#include <nccl.h>

#include <cstddef>

namespace basisbench {

class NcclApi {
 public:
  virtual ~NcclApi() = default;
  [[nodiscard]] virtual ncclResult_t GetVersion(int* version) = 0;
  virtual const char* GetErrorString(ncclResult_t code) = 0;
  // The library's own words on the last failure of a communicator, or of any where it is null.
  virtual const char* GetLastError(ncclComm_t comm) = 0;

  [[nodiscard]] virtual ncclResult_t GetUniqueId(ncclUniqueId* id) = 0;
  [[nodiscard]] virtual ncclResult_t CommInitRankConfig(ncclComm_t* comm, int ranks,
                                                        ncclUniqueId id, int rank,
                                                        ncclConfig_t* config) = 0;
  [[nodiscard]] virtual ncclResult_t CommSplit(ncclComm_t comm, int color, int key,
                                               ncclComm_t* made, ncclConfig_t* config) = 0;
  [[nodiscard]] virtual ncclResult_t CommCount(ncclComm_t comm, int* count) = 0;
  [[nodiscard]] virtual ncclResult_t CommUserRank(ncclComm_t comm, int* rank) = 0;
  [[nodiscard]] virtual ncclResult_t CommGetAsyncError(ncclComm_t comm, ncclResult_t* code) = 0;
  [[nodiscard]] virtual ncclResult_t CommAbort(ncclComm_t comm) = 0;
  [[nodiscard]] virtual ncclResult_t CommFinalize(ncclComm_t comm) = 0;
  [[nodiscard]] virtual ncclResult_t CommDestroy(ncclComm_t comm) = 0;

  [[nodiscard]] virtual ncclResult_t GroupStart() = 0;
  [[nodiscard]] virtual ncclResult_t GroupEnd() = 0;
  [[nodiscard]] virtual ncclResult_t AllGather(const void* send, void* recv, size_t count,
                                               ncclDataType_t type, ncclComm_t comm,
                                               cudaStream_t stream) = 0;
  [[nodiscard]] virtual ncclResult_t ReduceScatter(const void* send, void* recv, size_t count,
                                                   ncclDataType_t type, ncclRedOp_t op,
                                                   ncclComm_t comm, cudaStream_t stream) = 0;
  [[nodiscard]] virtual ncclResult_t AllReduce(const void* send, void* recv, size_t count,
                                               ncclDataType_t type, ncclRedOp_t op, ncclComm_t comm,
                                               cudaStream_t stream) = 0;
  [[nodiscard]] virtual ncclResult_t Reduce(const void* send, void* recv, size_t count,
                                            ncclDataType_t type, ncclRedOp_t op, int root,
                                            ncclComm_t comm, cudaStream_t stream) = 0;
  [[nodiscard]] virtual ncclResult_t Broadcast(const void* send, void* recv, size_t count,
                                               ncclDataType_t type, int root, ncclComm_t comm,
                                               cudaStream_t stream) = 0;
  [[nodiscard]] virtual ncclResult_t Send(const void* data, size_t count, ncclDataType_t type,
                                          int peer, ncclComm_t comm, cudaStream_t stream) = 0;
  [[nodiscard]] virtual ncclResult_t Recv(void* data, size_t count, ncclDataType_t type, int peer,
                                          ncclComm_t comm, cudaStream_t stream) = 0;
};

// The library itself.
NcclApi& RealNcclApi();

}  // namespace basisbench
