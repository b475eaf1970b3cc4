// SPDX-License-Identifier: Apache-2.0
// An operator's plan on a GPU, as often as it takes for operands not to be in the cache. Every
// operand holds a million seeded values, over and over: values matter to the power a GPU takes, not
// which they are. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/gpu/recorded.h"
#include "workers/operators/operator.h"

namespace basisbench {

struct GpuSubject {
  const Operator* op = nullptr;
  Problem problem;  // resolved
  OperatorCost cost;
  std::vector<std::unique_ptr<Plan>> plans;

  std::vector<Issue> Issues() const;
  // Of one plan; null where it has no such tensor.
  void* Input(size_t plan, const std::string& tensor) const;
  void* Output(size_t plan) const { return plans[plan]->Outputs().front().data; }
};

// Of a problem with what the caller wants to choose. GPU and communicator outlive it.
absl::StatusOr<std::shared_ptr<GpuSubject>> MakeGpuSubject(const Problem& problem, BenchGpu& gpu,
                                                           Communicator& communicator);

// Device memory of `elements` values of a tensor's name and dtype.
absl::StatusOr<std::shared_ptr<Buffer>> FilledRoom(Device& device, Dtype dtype, int64_t elements);

}  // namespace basisbench
