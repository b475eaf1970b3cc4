// SPDX-License-Identifier: Apache-2.0
// The communicator written once over any transport. After a wait has failed every later call
// returns FAILED_PRECONDITION with the first failure: a message may be half way. Wrong arguments
// are INVALID_ARGUMENT and break nothing on this rank, but the other ranks are then waiting.
#pragma once

#include <memory>

#include "workers/collectives/communicator.h"
#include "workers/collectives/transport.h"

namespace basisbench {

std::unique_ptr<Communicator> MakeP2pCommunicator(std::unique_ptr<Transport> transport);

}  // namespace basisbench
