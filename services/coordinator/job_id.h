// SPDX-License-Identifier: Apache-2.0
// Identities of jobs.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace basisbench {

// 9 characters of the time in milliseconds and 6 of chance, in Crockford's base 32, lower case:
// short enough to type, sorts by time, distinct without asking anybody.
std::string NewJobId(absl::Time now);

}  // namespace basisbench
