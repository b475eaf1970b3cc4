// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/operators/subject.h"

#include "absl/strings/str_cat.h"
#include "workers/operators/operands.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"

namespace basisbench {

int64_t Subject::Parameter(const std::string& name) const {
  return IntegerParameter(problem, name);
}

const void* Subject::Find(const std::string& tensor) const {
  for (const Shard& shard : inputs) {
    if (shard.tensor == tensor) return shard.data;
  }
  Expect(absl::NotFoundError(absl::StrCat(problem.operator_name, " has no tensor '", tensor, "'")));
  return nullptr;
}

Subject MakeSubject(const Problem& problem, Device& device, Communicator& communicator) {
  const auto op = FindOperator(problem.operator_name);
  Expect(op.status());
  const auto resolved = (*op)->Resolve(problem);
  Expect(resolved.status());
  Subject subject{.op = *op, .problem = *resolved};
  auto plan = (*op)->MakePlan(subject.problem, device, communicator);
  Expect(plan.status());
  subject.plan = *std::move(plan);
  subject.inputs = subject.plan->Inputs();
  subject.output = subject.plan->Outputs().front();
  const SeededOperands operands(**op, subject.problem, Distribution::kUniform, 1);
  for (const Shard& shard : subject.inputs) FillShard(shard, operands);
  return subject;
}

}  // namespace basisbench
