// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/nccl/nccl_batch.h"

#include <utility>

#include "services/base/status_macros.h"
#include "workers/collectives/nccl/check.h"

namespace basisbench {

absl::StatusOr<std::shared_ptr<NcclBatch>> NcclBatch::Open(const std::shared_ptr<NcclComm>& comm) {
  NcclLink& link = comm->link();
  std::shared_ptr<NcclBatch> open = link.open.lock();
  if (open != nullptr && open->comm_ == comm) return open;
  BB_RETURN_IF_ERROR(Close(link));
  open = std::make_shared<NcclBatch>(comm);
  link.open = open;
  return open;
}

absl::Status NcclBatch::Close(NcclLink& link) {
  const std::shared_ptr<NcclBatch> open = link.open.lock();
  link.open.reset();
  return open == nullptr ? absl::OkStatus() : open->Issue();
}

absl::Status NcclBatch::Issue() {
  absl::Status issued = IssueGroup();
  if (!issued.ok()) return comm_->Fail(std::move(issued));
  absl::StatusOr<Event> event = comm_->Mark();
  if (!event.ok()) return comm_->Fail(event.status());
  event_ = *std::move(event);
  return absl::OkStatus();
}

absl::Status NcclBatch::IssueGroup() {
  NcclApi& nccl = comm_->link().libraries.nccl;
  const cudaStream_t stream = comm_->link().stream.get();
  return comm_->Grouped([&] {
    for (const NcclExchange& one : exchanges_) {
      if (one.send_count > 0) {
        BB_RETURN_IF_ERROR(CheckNccl(
            nccl, nccl.Send(one.send, one.send_count, one.type, one.to, comm_->get(), stream),
            "ncclSend"));
      }
      if (one.recv_count == 0) continue;
      BB_RETURN_IF_ERROR(CheckNccl(
          nccl, nccl.Recv(one.recv, one.recv_count, one.type, one.from, comm_->get(), stream),
          "ncclRecv"));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> NcclBatch::Test() {
  if (done_) return true;
  BB_RETURN_IF_ERROR(comm_->NotBroken());
  BB_RETURN_IF_ERROR(Close(comm_->link()));
  const absl::StatusOr<bool> ready = comm_->IsDone(event_);
  if (!ready.ok()) return comm_->Fail(ready.status());
  done_ = *ready;
  if (done_) comm_->link().idle_events.push_back(std::move(event_));
  return done_;
}

absl::Status NcclBatch::Wait() {
  if (done_) return absl::OkStatus();
  BB_RETURN_IF_ERROR(comm_->NotBroken());
  BB_RETURN_IF_ERROR(Close(comm_->link()));
  done_ = true;  // or the communicator is broken
  return comm_->Wait(std::move(event_), "send_recv");
}

}  // namespace basisbench
