// SPDX-License-Identifier: Apache-2.0
// Sharding "gather" of the dense token mixer: X, Y and the rows of T are cut by tokens, and the
// rows of X travel round the ring of ranks while those before them are multiplied. Backward, the
// terms of dX travel on, and the gradient of T stays where T is: nothing else is reduced.
//   Forward: messages P - 1, bytes b K (N - rows of the next rank). Backward: twice the messages.
#pragma once

#include "workers/operators/sharding.h"

namespace basisbench {

Sharding MlpMixerGather();

}  // namespace basisbench
