// SPDX-License-Identifier: Apache-2.0
// A case of the contract, resolved to what will be executed. Asked the same way when checking and
// when running.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basisbench/v1/operator.pb.h"
#include "workers/operators/operator.h"

namespace basisbench {

// One sharding of the operator where the case leaves the choice to the runner.
struct ShardingOption {
  std::string sharding;
  absl::Status refusal;  // OK where it can run; only then the others are set
  Problem problem;
  OperatorCost cost;

  // Of the rank that needs most; 0 where it cannot run.
  int64_t LargestBytes() const;
};

struct ResolvedCase {
  v1::Case spec;  // with every default and choice filled in
  const Operator* op = nullptr;
  Problem problem;
  OperatorCost cost;
  // Of a case with sharding "auto": all shardings of the operator, in its order. Until one is
  // taken, `problem` and `cost` are those of the option that needs the most memory, and `spec` has
  // the parameters that all which can run agree on.
  std::vector<ShardingOption> options;
};

// `backend` is the only one this process executes. NOT_FOUND, INVALID_ARGUMENT or UNIMPLEMENTED
// naming the thing and the value; where the sharding is to be chosen and none can run, with the
// reason of each. A process grid goes to those options that use one.
absl::StatusOr<ResolvedCase> ResolveCase(const v1::Case& spec, const std::string& backend);

// Makes the option at `index`, which can run, the case.
void TakeOption(size_t index, ResolvedCase* resolved);

// Why none can run, with the reason of each; their common reason where they have one.
absl::Status NoneCanRun(const std::string& operator_name,
                        const std::vector<ShardingOption>& options);

}  // namespace basisbench
