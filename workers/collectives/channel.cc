// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/channel.h"

#include "services/base/status_macros.h"

namespace basisbench {

absl::StatusOr<Request> Channel::Send(int to, const void* data, int64_t bytes, MessageKind kind) {
  if (bytes == 0) return Request();
  BB_ASSIGN_OR_RETURN(Request request,
                      link_->transport->StartSend(members_[to], Tag(kind), data, bytes));
  if (link_->counter != nullptr) {
    link_->counter->bytes_sent += bytes;
    link_->counter->messages_sent += 1;
  }
  return request;
}

absl::StatusOr<Request> Channel::Recv(int from, void* data, int64_t bytes, MessageKind kind) {
  if (bytes == 0) return Request();
  return link_->transport->StartRecv(members_[from], Tag(kind), data, bytes);
}

absl::Status Channel::Exchange(int to, const void* send, int64_t send_bytes, int from, void* recv,
                               int64_t recv_bytes, MessageKind kind) {
  BB_ASSIGN_OR_RETURN(Request receiving, Recv(from, recv, recv_bytes, kind));
  BB_ASSIGN_OR_RETURN(Request sending, Send(to, send, send_bytes, kind));
  BB_RETURN_IF_ERROR(receiving.Wait());
  return sending.Wait();
}

}  // namespace basisbench
