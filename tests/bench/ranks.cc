// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/ranks.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/collectives/mpi.h"
#include "workers/devices/cpu/openblas.h"

namespace basisbench {
namespace {

absl::Status RunOnWorld(int argc, char** argv, const RanksBody& body) {
  BB_RETURN_IF_ERROR(
      LoadOpenBlas().status());  // before MPI starts threads: it sets the environment
  BB_ASSIGN_OR_RETURN(const auto session, MpiSession::Start(&argc, &argv));
  BB_ASSIGN_OR_RETURN(const auto communicator, MakeMpiCommunicator(absl::Seconds(120)));
  return body(*communicator, argc > 1 ? argv[1] : "shared memory");
}

}  // namespace

absl::StatusOr<double> SlowestRank(Communicator& communicator,
                                   const std::function<absl::Status()>& run) {
  BB_RETURN_IF_ERROR(communicator.Barrier());
  const auto start = std::chrono::steady_clock::now();
  BB_RETURN_IF_ERROR(run());
  std::vector<double> seconds(communicator.size(), 0.0);
  seconds[communicator.rank()] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::vector<Piece> pieces;
  for (int rank = 0; rank < communicator.size(); ++rank) pieces.push_back({rank, 1});
  BB_RETURN_IF_ERROR(communicator.AllGather(Dtype::kF64, seconds.data(), pieces));
  return *std::max_element(seconds.begin(), seconds.end());
}

int MainOfRanks(int argc, char** argv, const RanksBody& body) {
  const absl::Status outcome = RunOnWorld(argc, argv, body);
  if (!outcome.ok()) std::fprintf(stderr, "%s\n", outcome.ToString().c_str());
  return outcome.ok() ? 0 : 1;
}

}  // namespace basisbench
