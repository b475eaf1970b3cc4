// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/local.h"

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "workers/collectives/local_transport.h"
#include "workers/collectives/p2p_communicator.h"

namespace basisbench {

absl::Status RunLocalRanks(int ranks, const std::function<absl::Status(Communicator&)>& body,
                           absl::Duration deadline) {
  if (ranks < 1) return absl::InvalidArgumentError(absl::StrCat("ranks is ", ranks));
  LocalGroup group(ranks);
  std::vector<absl::Status> outcomes(ranks);
  auto run = [&](int rank) {
    std::unique_ptr<Communicator> communicator =
        MakeP2pCommunicator(MakeLocalTransport(group, rank, deadline));
    outcomes[rank] = body(*communicator);
    if (!outcomes[rank].ok()) group.Break(rank, outcomes[rank]);
  };
  std::vector<std::thread> threads;
  for (int rank = 1; rank < ranks; ++rank) threads.emplace_back(run, rank);
  run(0);
  for (std::thread& thread : threads) thread.join();

  // The rank that failed says more than those it took along.
  for (const absl::Status& outcome : outcomes) {
    if (!outcome.ok() && !absl::IsAborted(outcome)) return outcome;
  }
  for (const absl::Status& outcome : outcomes) {
    if (!outcome.ok()) return outcome;
  }
  return absl::OkStatus();
}

}  // namespace basisbench
