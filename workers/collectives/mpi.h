// SPDX-License-Identifier: Apache-2.0
// Ranks as processes under Open MPI. MPI is used for point-to-point messages and bootstrap; the
// collectives are our own, so that counted bytes are the bytes sent.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "workers/collectives/communicator.h"

namespace basisbench {

// Initialises and finalises MPI for the life of the process. Create one, in main, before any
// communicator.
class MpiSession {
 public:
  static absl::StatusOr<std::unique_ptr<MpiSession>> Start(int* argc, char*** argv);
  ~MpiSession();
  int rank() const { return rank_; }
  int size() const { return size_; }
  int local_rank() const { return local_rank_; }  // among the ranks Open MPI started on this node

 private:
  MpiSession() = default;
  int rank_ = 0, size_ = 1, local_rank_ = 0;
};

// World communicator (a duplicate of MPI_COMM_WORLD).
absl::StatusOr<std::unique_ptr<Communicator>> MakeMpiCommunicator(absl::Duration deadline);

}  // namespace basisbench
