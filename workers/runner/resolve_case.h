// SPDX-License-Identifier: Apache-2.0
// A case of the contract, resolved to what will be executed. Asked the same way when checking and
// when running.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "basisbench/v1/operator.pb.h"
#include "workers/operators/operator.h"

namespace basisbench {

struct ResolvedCase {
  v1::Case spec;  // with every default and choice filled in
  const Operator* op = nullptr;
  Problem problem;
  OperatorCost cost;
};

// `backend` is the only one this process executes. NOT_FOUND, INVALID_ARGUMENT or UNIMPLEMENTED
// naming the thing and the value.
absl::StatusOr<ResolvedCase> ResolveCase(const v1::Case& spec, const std::string& backend);

}  // namespace basisbench
