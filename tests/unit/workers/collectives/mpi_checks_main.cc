// SPDX-License-Identifier: Apache-2.0
// The collective checks over MPI, for mpirun -np P, or alone as a world of one. With the argument
// "deadline" (two ranks or more) each waits for a message that nobody sends, and must get
// DEADLINE_EXCEEDED; the job then ends without MPI_Finalize, which mpirun calls abnormal.
#include <cstdio>
#include <string>

#include "tests/unit/workers/collectives/collective_checks.h"
#include "workers/collectives/mpi.h"
#include "workers/collectives/mpi_transport.h"
#include "workers/collectives/p2p_communicator.h"
#include "workers/collectives/wire_probe.h"

namespace basisbench {
namespace {

absl::Status CheckAll() {
  BB_ASSIGN_OR_RETURN(auto communicator, MakeMpiCommunicator(absl::Seconds(30)));
  BB_RETURN_IF_ERROR(checks::CheckEverything(*communicator));
  // Messages in parts of an odd size, as those beyond 2 GiB are.
  BB_ASSIGN_OR_RETURN(auto transport, MakeMpiTransport(absl::Seconds(30), 1001));
  auto in_parts = MakeP2pCommunicator(std::move(transport));
  BB_RETURN_IF_ERROR(checks::CheckAllOfType<float>(*in_parts));
  BB_ASSIGN_OR_RETURN(const WireProbe probe,
                      ProbeWire(*communicator, {.budget = absl::Milliseconds(100)}));
  if (communicator->rank() == 0) {
    std::printf("%d ranks: latency %.2f us, bandwidth %.2f GB/s\n", communicator->size(),
                probe.latency_seconds * 1e6, probe.bandwidth_bytes_per_second * 1e-9);
  }
  return communicator->Barrier();
}

absl::Status CheckDeadline() {
  BB_ASSIGN_OR_RETURN(auto communicator, MakeMpiCommunicator(absl::Milliseconds(200)));
  double data = 0;
  BB_ASSIGN_OR_RETURN(
      auto pending, communicator->StartSendRecv(Dtype::kF64, nullptr, 0, -1, &data, 1,
                                                (communicator->rank() + 1) % communicator->size()));
  const absl::Status waited = pending->Wait();
  if (!absl::IsDeadlineExceeded(waited)) {
    return absl::InternalError(absl::StrCat("expected a missed deadline, got ", waited.ToString()));
  }
  return checks::Expect(absl::IsFailedPrecondition(communicator->Barrier()),
                        "a broken communicator went on");
}

int Main(int argc, char** argv) {
  auto session = MpiSession::Start(&argc, &argv);
  if (!session.ok()) {
    std::fprintf(stderr, "%s\n", session.status().ToString().c_str());
    return 1;
  }
  const bool deadline = argc > 1 && std::string(argv[1]) == "deadline";
  const absl::Status status = deadline ? CheckDeadline() : CheckAll();
  if (!status.ok()) {
    std::fprintf(stderr, "rank %d: %s\n", (*session)->rank(), status.ToString().c_str());
    return 1;
  }
  if ((*session)->rank() == 0) std::printf("all checks passed\n");
  return 0;
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::Main(argc, argv); }
