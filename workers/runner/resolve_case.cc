// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/resolve_case.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/registry.h"
#include "workers/operators/stored.h"
#include "workers/runner/convert.h"

namespace basisbench {

absl::StatusOr<ResolvedCase> ResolveCase(const v1::Case& spec, const std::string& backend) {
  ResolvedCase resolved;
  resolved.spec = spec;
  FillCaseDefaults(backend, &resolved.spec);
  if (resolved.spec.backend() != backend) {
    return absl::InvalidArgumentError(
        absl::StrCat("no backend '", resolved.spec.backend(), "' here; have: ", backend));
  }
  BB_ASSIGN_OR_RETURN(resolved.op, FindOperator(spec.operator_().name()));
  BB_ASSIGN_OR_RETURN(const Problem problem, ProblemOf(resolved.spec));
  BB_ASSIGN_OR_RETURN(resolved.problem, resolved.op->Resolve(problem));
  EchoResolved(resolved.problem, &resolved.spec);
  resolved.cost = DeclaredCost(*resolved.op, resolved.problem);
  return resolved;
}

}  // namespace basisbench
