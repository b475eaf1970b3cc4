// SPDX-License-Identifier: Apache-2.0
// See nccl.h.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "workers/collectives/nccl/nccl_link.h"

namespace basisbench {

class NcclCommunicator : public Communicator {
 public:
  // Collective. Waits until `comm` is made.
  static absl::StatusOr<std::unique_ptr<NcclCommunicator>> Make(std::shared_ptr<NcclLink> link,
                                                                ncclComm_t comm,
                                                                ncclResult_t answer);
  ~NcclCommunicator() override;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string backend() const override { return "nccl"; }
  const TrafficTable& traffic() const override { return comm_->link().traffic; }

  absl::Status AllGather(Dtype dtype, void* data, absl::Span<const Piece> pieces) override;
  absl::Status ReduceScatter(Dtype dtype, void* data, absl::Span<const Piece> pieces) override;
  absl::Status AllReduce(Dtype dtype, void* data, int64_t count) override;
  absl::Status AllToAll(Dtype dtype, const void* send, absl::Span<const Piece> send_pieces,
                        void* recv, absl::Span<const Piece> recv_pieces) override;
  absl::Status Broadcast(Dtype dtype, void* data, int64_t count, int root) override;
  absl::StatusOr<std::unique_ptr<Pending>> StartSendRecv(Dtype dtype, const void* send,
                                                         int64_t send_count, int to, void* recv,
                                                         int64_t recv_count, int from) override;
  absl::Status Barrier() override;
  absl::StatusOr<std::unique_ptr<Communicator>> Split(int color, int key) override;

 private:
  explicit NcclCommunicator(std::shared_ptr<NcclComm> comm) : comm_(std::move(comm)) {}

  // Counts `traffic`, issues, and waits.
  absl::Status Run(const TrafficTable& traffic, absl::string_view what,
                   const std::function<absl::Status()>& issue);
  absl::Status Check(ncclResult_t code, absl::string_view call) const;
  // Between two places of this rank, on the communicator's stream.
  absl::Status CopyOwn(const void* from, int64_t bytes, void* to);

  NcclApi& nccl() const { return comm_->link().libraries.nccl; }
  cudaStream_t stream() const { return comm_->link().stream.get(); }

  const std::shared_ptr<NcclComm> comm_;
  int rank_ = 0, size_ = 1;
  void* token_ = nullptr;  // device memory that barriers add up
};

}  // namespace basisbench
