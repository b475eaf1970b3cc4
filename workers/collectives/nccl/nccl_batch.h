// SPDX-License-Identifier: Apache-2.0
// Exchanges that were started one after the other and go to NCCL together, as one group. A stream
// does one group after the other, and a send in it waits for its receive: ranks that started the
// same exchanges in different orders would wait for each other for ever, each behind its first.
// Within a group the order does not matter. So an exchange waits for company until somebody asks
// for one, tests, waits, or communicates otherwise. One thread.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/collectives/nccl/nccl_link.h"

namespace basisbench {

// Counts of 0 are left out.
struct NcclExchange {
  ncclDataType_t type = ncclFloat32;
  const void* send = nullptr;
  size_t send_count = 0;
  int to = -1;
  void* recv = nullptr;
  size_t recv_count = 0;
  int from = -1;
};

class NcclBatch {
 public:
  explicit NcclBatch(std::shared_ptr<NcclComm> comm) : comm_(std::move(comm)) {}

  // The batch that takes further exchanges of `comm`; an open one of another communicator goes to
  // NCCL first, as ranks agree on the order of communicators.
  static absl::StatusOr<std::shared_ptr<NcclBatch>> Open(const std::shared_ptr<NcclComm>& comm);
  // Hands over whatever is open: before anything else goes on the link's stream, and before a wait.
  static absl::Status Close(NcclLink& link);

  void Add(const NcclExchange& exchange) { exchanges_.push_back(exchange); }
  // All of the batch.
  absl::StatusOr<bool> Test();
  absl::Status Wait();

 private:
  absl::Status Issue();
  absl::Status IssueGroup();

  const std::shared_ptr<NcclComm> comm_;
  std::vector<NcclExchange> exchanges_;
  Event event_;  // once issued, until done
  bool done_ = false;
};

}  // namespace basisbench
