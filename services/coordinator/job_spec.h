// SPDX-License-Identifier: Apache-2.0
// Checks of a job specification that need nothing but the specification, and its defaults. Pure.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "basisbench/v1/job.pb.h"

namespace basisbench {

// Fills in every default. INVALID_ARGUMENT naming the field and the value, e.g. "spec.ranks[1]: 0
// is less than 1".
absl::Status CompleteSpec(v1::JobSpec& spec);

// A request_id as clients may choose it: at most 128 printable characters.
absl::Status CheckRequestId(absl::string_view request_id);

}  // namespace basisbench
