// SPDX-License-Identifier: Apache-2.0
// When two records, of whatever jobs, measured the same thing. Pure.
#pragma once

#include <string>

#include "basisbench/v1/operator.pb.h"

namespace basisbench {

// Parts of a case that may differ between two that are held against each other.
struct IdentityOptions {
  bool with_operator = true;  // and its sharding
  bool with_ranks = true;
  bool with_grid = true;
};

// Equal for cases that measure the same: all of the case but its place in a job and its seed.
std::string CaseIdentity(const v1::Case& c, const IdentityOptions& options = {});

}  // namespace basisbench
