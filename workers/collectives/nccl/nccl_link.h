// SPDX-License-Identifier: Apache-2.0
// What the NCCL communicators of one rank share, and the waits, each with the link's deadline. A
// communicator that fails or is late is aborted, so that its kernels end, and the link is broken
// from then on. One thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "workers/collectives/communicator.h"
#include "workers/collectives/nccl/nccl_api.h"
#include "workers/devices/cuda/handles.h"

namespace basisbench {

struct NcclLibraries {
  NcclApi& nccl;
  CudaRuntimeApi& cuda;
  const Clock& clock;
};

class NcclBatch;

struct NcclLink {
  NcclLink(const NcclLibraries& given, absl::Duration longest, Stream own)
      : libraries(given), deadline(longest), stream(std::move(own)) {}

  const NcclLibraries libraries;
  const absl::Duration deadline;
  const Stream stream;
  std::vector<Event> idle_events;
  std::weak_ptr<NcclBatch> open;  // takes further exchanges; see nccl_batch.h
  TrafficTable traffic = {};
  absl::Status broken;  // the first failure
};

class NcclComm {
 public:
  // Takes over `comm`, which may still be in the making.
  NcclComm(std::shared_ptr<NcclLink> link, ncclComm_t comm) : link_(std::move(link)), comm_(comm) {}
  // Waits for what is under way, or aborts where the link is broken.
  ~NcclComm();
  NcclComm(const NcclComm&) = delete;
  NcclComm& operator=(const NcclComm&) = delete;

  NcclLink& link() const { return *link_; }
  const std::shared_ptr<NcclLink>& shared_link() const { return link_; }
  ncclComm_t get() const { return comm_; }

  // FAILED_PRECONDITION with the first failure.
  absl::Status NotBroken() const;

  // Until the library has accepted what `code` is its first answer to.
  absl::Status Settle(ncclResult_t code, absl::string_view call);

  // What is issued within goes to NCCL together.
  absl::Status Grouped(const std::function<absl::Status()>& issue);

  // An event behind everything on the stream; given back when it has been waited for.
  absl::StatusOr<Event> Mark();
  absl::StatusOr<bool> IsDone(const Event& event);
  absl::Status Wait(Event event, absl::string_view what);

  // Breaks the link and aborts the communicator.
  absl::Status Fail(absl::Status status);

 private:
  // Asks `done` until it says so, the library reports a failure, or the deadline passes.
  absl::Status Await(absl::string_view what, const std::function<absl::StatusOr<bool>()>& done);
  absl::StatusOr<ncclResult_t> AsyncState();

  const std::shared_ptr<NcclLink> link_;
  ncclComm_t comm_;  // null once aborted
};

}  // namespace basisbench
