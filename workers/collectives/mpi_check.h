// SPDX-License-Identifier: Apache-2.0
// MPI return codes as statuses. Thread-safe.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace basisbench {

// UNAVAILABLE "MPI_Isend: <text of the MPI library>" unless `code` is MPI_SUCCESS.
absl::Status CheckMpi(int code, absl::string_view call);

}  // namespace basisbench
