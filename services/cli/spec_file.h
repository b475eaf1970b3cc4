// SPDX-License-Identifier: Apache-2.0
// Job specifications written as YAML or JSON. Nothing in a file can do more than fail: size, depth
// and number of values are bounded, so that aliases cannot multiply without end.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "basisbench/v1/job.pb.h"

namespace basisbench {

// `source` names the text in errors ("sweep.yaml", "standard input"). INVALID_ARGUMENT as
// "sweep.yaml:7: no field 'opertors' in a job; did you mean 'operators'?".
absl::StatusOr<v1::JobSpec> ParseSpec(const std::string& source, const std::string& text);

}  // namespace basisbench
