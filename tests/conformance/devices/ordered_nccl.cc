// SPDX-License-Identifier: Apache-2.0
// For devices whose memory is the host's: plans talk through the communicator over NCCL, on streams
// that do one thing after the other and buffer nothing, so that ranks which make each other's
// streams wait for ever are found.
#include "tests/fakes/ordered_nccl.h"

#include <cstring>

#include "services/base/clock.h"
#include "services/base/status_macros.h"
#include "tests/conformance/devices/conforming_device.h"
#include "workers/collectives/nccl/nccl.h"

namespace basisbench {
namespace {

using Streams = std::shared_ptr<OrderedStreams>;

// Rank 0's, for all ranks, which are threads.
absl::StatusOr<Streams> ShareStreams(Communicator& control) {
  Streams made;
  if (control.rank() == 0) made = std::make_shared<OrderedStreams>(control.size());
  const Streams* shared = &made;
  BB_RETURN_IF_ERROR(control.Broadcast(Dtype::kF64, &shared, 1, 0));
  const Streams mine = *shared;
  BB_RETURN_IF_ERROR(control.Barrier());  // nobody looks at rank 0's any more
  return mine;
}

// One rank's libraries, and the communicator that uses them.
struct World {
  World(Streams shared, Communicator& control)
      : streams(std::move(shared)),
        cuda(state, *streams, control.rank()),
        nccl(*streams, control) {}

  const Streams streams;
  FakeCudaState state;
  OrderedCuda cuda;
  OrderedNccl nccl;
  SystemClock clock;
  std::unique_ptr<Communicator> communicator;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Communicator>> MakeConformingCommunicator(Device&,
                                                                         Communicator& control) {
  static_assert(sizeof(Streams*) == sizeof(double), "a pointer is sent as one element");
  BB_ASSIGN_OR_RETURN(Streams streams, ShareStreams(control));
  const auto world = std::make_shared<World>(std::move(streams), control);
  BB_ASSIGN_OR_RETURN(
      world->communicator,
      MakeNcclCommunicator({.rank = control.rank(), .size = control.size()}, BootstrapOver(control),
                           {world->nccl, world->cuda, world->clock}));
  return std::shared_ptr<Communicator>(world, world->communicator.get());
}

std::unique_ptr<Plan> InHostMemory(std::unique_ptr<Plan> plan, Device&) { return plan; }

}  // namespace basisbench
