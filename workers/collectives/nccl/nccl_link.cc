// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/nccl/nccl_link.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/collectives/nccl/check.h"

namespace basisbench {

NcclComm::~NcclComm() {
  if (comm_ == nullptr) return;
  NcclApi& nccl = link_->libraries.nccl;
  if (link_->broken.ok()) {
    // A failure aborts, too, and leaves nothing to destroy.
    if (!Settle(nccl.CommFinalize(comm_), "ncclCommFinalize").ok()) return;
    static_cast<void>(nccl.CommDestroy(comm_));
    return;
  }
  static_cast<void>(nccl.CommAbort(comm_));
}

absl::Status NcclComm::NotBroken() const {
  if (link_->broken.ok()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the communicator is broken: ", link_->broken.message()));
}

absl::Status NcclComm::Fail(absl::Status status) {
  if (link_->broken.ok()) link_->broken = status;
  if (comm_ != nullptr) static_cast<void>(link_->libraries.nccl.CommAbort(comm_));
  comm_ = nullptr;
  return status;
}

absl::StatusOr<ncclResult_t> NcclComm::AsyncState() {
  NcclApi& nccl = link_->libraries.nccl;
  ncclResult_t state = ncclSuccess;
  BB_RETURN_IF_ERROR(
      CheckNccl(nccl, nccl.CommGetAsyncError(comm_, &state), "ncclCommGetAsyncError"));
  return state;
}

absl::Status NcclComm::Await(absl::string_view what,
                             const std::function<absl::StatusOr<bool>()>& done) {
  const Clock& clock = link_->libraries.clock;
  const absl::Time latest = clock.Now() + link_->deadline;
  while (true) {
    const absl::StatusOr<bool> finished = done();
    if (!finished.ok()) return Fail(finished.status());
    if (*finished) return absl::OkStatus();
    if (clock.Now() >= latest) {
      return Fail(absl::DeadlineExceededError(absl::StrCat(what, " did not finish within ",
                                                           absl::FormatDuration(link_->deadline),
                                                           "; its communicator was aborted")));
    }
    std::this_thread::yield();
  }
}

absl::Status NcclComm::Settle(ncclResult_t code, absl::string_view call) {
  NcclApi& nccl = link_->libraries.nccl;
  if (IsFailure(code)) return Fail(CheckNccl(nccl, code, call));
  if (code == ncclSuccess) return absl::OkStatus();
  return Await(call, [&]() -> absl::StatusOr<bool> {
    BB_ASSIGN_OR_RETURN(const ncclResult_t state, AsyncState());
    BB_RETURN_IF_ERROR(CheckNccl(nccl, state, call));
    return state == ncclSuccess;
  });
}

absl::Status NcclComm::Grouped(const std::function<absl::Status()>& issue) {
  NcclApi& nccl = link_->libraries.nccl;
  BB_RETURN_IF_ERROR(CheckNccl(nccl, nccl.GroupStart(), "ncclGroupStart"));
  const absl::Status issued = issue();
  const ncclResult_t ended = nccl.GroupEnd();  // even of a group that failed
  if (!issued.ok()) return issued;
  return Settle(ended, "ncclGroupEnd");
}

absl::StatusOr<Event> NcclComm::Mark() {
  CudaRuntimeApi& cuda = link_->libraries.cuda;
  Event event;
  if (link_->idle_events.empty()) {
    BB_ASSIGN_OR_RETURN(event, MakeEvent(cuda, cudaEventDisableTiming));
  } else {
    event = std::move(link_->idle_events.back());
    link_->idle_events.pop_back();
  }
  BB_RETURN_IF_ERROR(
      CheckCuda(cuda.EventRecord(event.get(), link_->stream.get()), "cudaEventRecord"));
  return event;
}

absl::StatusOr<bool> NcclComm::IsDone(const Event& event) {
  BB_ASSIGN_OR_RETURN(const ncclResult_t state, AsyncState());
  BB_RETURN_IF_ERROR(CheckNccl(link_->libraries.nccl, state, "an NCCL operation under way"));
  const cudaError_t code = link_->libraries.cuda.EventQuery(event.get());
  if (code == cudaErrorNotReady) return false;
  BB_RETURN_IF_ERROR(CheckCuda(code, "cudaEventQuery"));
  return true;
}

absl::Status NcclComm::Wait(Event event, absl::string_view what) {
  BB_RETURN_IF_ERROR(Await(what, [&] { return IsDone(event); }));
  link_->idle_events.push_back(std::move(event));
  return absl::OkStatus();
}

}  // namespace basisbench
