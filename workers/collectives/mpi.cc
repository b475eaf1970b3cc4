// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/mpi.h"

#include <mpi.h>
#include <stdlib.h>

#include <string>

#include "absl/strings/numbers.h"
#include "services/base/status_macros.h"
#include "workers/collectives/mpi_check.h"
#include "workers/collectives/mpi_transport.h"
#include "workers/collectives/p2p_communicator.h"

namespace basisbench {
namespace {

// A process started without mpirun is its own world of one. Open MPI would still look for ssh to
// be able to start others, and end the program where there is none.
void PrepareSingleton() {
  if (getenv("OMPI_COMM_WORLD_SIZE") != nullptr || getenv("PMIX_RANK") != nullptr) return;
  setenv("OMPI_MCA_plm", "isolated", 0);
  setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MpiSession>> MpiSession::Start(int* argc, char*** argv) {
  PrepareSingleton();
  int provided = 0;
  BB_RETURN_IF_ERROR(
      CheckMpi(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread"));
  auto session = std::unique_ptr<MpiSession>(new MpiSession());
  BB_RETURN_IF_ERROR(CheckMpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
                              "MPI_Comm_set_errhandler"));
  if (provided < MPI_THREAD_FUNNELED) {
    return absl::FailedPreconditionError("the MPI library was built without support for threads");
  }
  BB_RETURN_IF_ERROR(CheckMpi(MPI_Comm_rank(MPI_COMM_WORLD, &session->rank_), "MPI_Comm_rank"));
  BB_RETURN_IF_ERROR(CheckMpi(MPI_Comm_size(MPI_COMM_WORLD, &session->size_), "MPI_Comm_size"));
  const char* local_rank = getenv("OMPI_COMM_WORLD_LOCAL_RANK");
  if (local_rank != nullptr && !absl::SimpleAtoi(local_rank, &session->local_rank_)) {
    return absl::InternalError("OMPI_COMM_WORLD_LOCAL_RANK is not a number");
  }
  return session;
}

MpiSession::~MpiSession() {
  // Finalising waits for every process; after a failed wait one of them may never come. Leaving
  // without it makes Open MPI end the rest of the job.
  if (!MpiIsBroken()) MPI_Finalize();
}

absl::StatusOr<std::unique_ptr<Communicator>> MakeMpiCommunicator(absl::Duration deadline) {
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport, MakeMpiTransport(deadline));
  return MakeP2pCommunicator(std::move(transport));
}

}  // namespace basisbench
