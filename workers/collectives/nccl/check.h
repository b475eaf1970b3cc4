// SPDX-License-Identifier: Apache-2.0
// What NCCL answers, as a status that names the call, the code, its text and the library's own
// words. Any thread.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "workers/collectives/nccl/nccl_api.h"

namespace basisbench {

// ncclInProgress is no failure: a non-blocking communicator answers so and is asked again.
inline bool IsFailure(ncclResult_t code) { return code != ncclSuccess && code != ncclInProgress; }

// ABORTED where another rank or the wire failed, INVALID_ARGUMENT for wrong usage, else INTERNAL.
absl::Status CheckNccl(NcclApi& nccl, ncclResult_t code, absl::string_view call);

}  // namespace basisbench
