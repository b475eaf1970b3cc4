// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/nccl/nccl.h"

#include <utility>

#include "services/base/status_macros.h"
#include "workers/collectives/checks.h"
#include "workers/collectives/nccl/check.h"
#include "workers/collectives/nccl/nccl_communicator.h"

namespace basisbench {
namespace {

// What rank 0 tells the others: its failure, too, or they would wait for it.
struct Invitation {
  ncclUniqueId id;
  int32_t code;
};
static_assert(sizeof(Invitation) % sizeof(float) == 0, "BootstrapOver sends whole floats");

}  // namespace

Bootstrap BootstrapOver(Communicator& control) {
  return [&control](absl::Span<std::byte> bytes) {
    return control.Broadcast(Dtype::kF32, bytes.data(),
                             static_cast<int64_t>(bytes.size() / sizeof(float)), 0);
  };
}

absl::StatusOr<std::unique_ptr<Communicator>> MakeNcclCommunicator(const NcclWorld& world,
                                                                   const Bootstrap& bootstrap,
                                                                   const NcclLibraries& libraries) {
  BB_RETURN_IF_ERROR(CheckRank("rank", world.rank, world.size));
  Invitation invitation{};
  if (world.rank == 0) invitation.code = libraries.nccl.GetUniqueId(&invitation.id);
  BB_RETURN_IF_ERROR(
      bootstrap(absl::MakeSpan(reinterpret_cast<std::byte*>(&invitation), sizeof(invitation))));
  BB_RETURN_IF_ERROR(CheckNccl(libraries.nccl, static_cast<ncclResult_t>(invitation.code),
                               "ncclGetUniqueId on rank 0"));
  BB_ASSIGN_OR_RETURN(Stream stream, MakeStream(libraries.cuda));
  auto link = std::make_shared<NcclLink>(libraries, world.deadline, std::move(stream));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;  // so that no call waits longer than the deadline
  ncclComm_t comm = nullptr;
  const ncclResult_t answer =
      libraries.nccl.CommInitRankConfig(&comm, world.size, invitation.id, world.rank, &config);
  return NcclCommunicator::Make(std::move(link), comm, answer);
}

absl::StatusOr<std::unique_ptr<Communicator>> MakeNcclCommunicator(const NcclWorld& world,
                                                                   const Bootstrap& bootstrap) {
  static const SystemClock clock;
  return MakeNcclCommunicator(world, bootstrap, {RealNcclApi(), *RealCudaApi().runtime, clock});
}

}  // namespace basisbench
