// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/resolve_case.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/auto_sharding.h"
#include "services/base/backends.h"
#include "services/base/status_macros.h"
#include "workers/operators/registry.h"
#include "workers/operators/stored.h"
#include "workers/runner/convert.h"

namespace basisbench {
namespace {

absl::StatusOr<Problem> ResolveSharding(const Operator& op, Problem problem,
                                        const std::string& sharding) {
  const std::string grid = std::exchange(problem.grid, "");
  problem.sharding = sharding;
  absl::StatusOr<Problem> resolved = op.Resolve(problem);
  if (grid.empty() || !resolved.ok() || resolved->grid.empty()) return resolved;
  problem.grid = grid;
  return op.Resolve(problem);
}

std::vector<ShardingOption> OptionsOf(const Operator& op, const Problem& problem) {
  std::vector<ShardingOption> options;
  for (const std::string& sharding : op.description().shardings) {
    ShardingOption& option = options.emplace_back();
    option.sharding = sharding;
    absl::StatusOr<Problem> resolved = ResolveSharding(op, problem, sharding);
    option.refusal = resolved.status();
    if (!resolved.ok()) continue;
    option.problem = *std::move(resolved);
    option.cost = DeclaredCost(op, option.problem);
  }
  return options;
}

void DropDiffering(const ShardingOption& option, v1::OperatorSpec* spec) {
  const auto parameters = spec->parameters();
  for (const auto& [name, value] : parameters) {
    const auto other = option.problem.parameters.find(name);
    if (other == option.problem.parameters.end() || other->second != value) {
      spec->mutable_parameters()->erase(name);
    }
  }
}

absl::Status ResolveOptions(const Problem& problem, ResolvedCase* resolved) {
  resolved->options = OptionsOf(*resolved->op, problem);
  if (resolved->options.empty()) {
    return absl::UnimplementedError(
        absl::StrCat(resolved->op->description().name, " declares no sharding to choose from"));
  }
  const auto largest = std::max_element(resolved->options.begin(), resolved->options.end(),
                                        [](const ShardingOption& a, const ShardingOption& b) {
                                          return std::pair(a.refusal.ok(), a.LargestBytes()) <
                                                 std::pair(b.refusal.ok(), b.LargestBytes());
                                        });
  if (!largest->refusal.ok()) {
    return NoneCanRun(resolved->op->description().name, resolved->options);
  }
  resolved->problem = largest->problem;
  resolved->cost = largest->cost;
  EchoResolved(resolved->problem, &resolved->spec);
  resolved->spec.set_sharding(kAutoSharding);
  resolved->spec.set_grid(problem.grid);
  for (const ShardingOption& option : resolved->options) {
    if (option.refusal.ok()) DropDiffering(option, resolved->spec.mutable_operator_());
  }
  return absl::OkStatus();
}

}  // namespace

int64_t ShardingOption::LargestBytes() const {
  const auto most = std::max_element(cost.memory_bytes.begin(), cost.memory_bytes.end());
  return most == cost.memory_bytes.end() ? 0 : *most;
}

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
  if (problem.dtype == Dtype::kTf32 && DeviceOf(backend) != kCudaDevice) {
    return absl::UnimplementedError(
        absl::StrCat("dtype tf32 is of products on GPUs; backend '", backend, "' has none"));
  }
  if (problem.sharding == kAutoSharding) {
    BB_RETURN_IF_ERROR(ResolveOptions(problem, &resolved));
    return resolved;
  }
  BB_ASSIGN_OR_RETURN(resolved.problem, resolved.op->Resolve(problem));
  EchoResolved(resolved.problem, &resolved.spec);
  resolved.cost = DeclaredCost(*resolved.op, resolved.problem);
  return resolved;
}

void TakeOption(size_t index, ResolvedCase* resolved) {
  const ShardingOption& option = resolved->options[index];
  resolved->problem = option.problem;
  resolved->cost = option.cost;
  EchoResolved(option.problem, &resolved->spec);
  resolved->spec.set_requested_sharding(kAutoSharding);
}

absl::Status NoneCanRun(const std::string& operator_name,
                        const std::vector<ShardingOption>& options) {
  const absl::Status& first = options.front().refusal;
  const bool alike = std::all_of(options.begin(), options.end(), [&](const ShardingOption& option) {
    return option.refusal == first;
  });
  if (alike) return first;
  const bool same_code = std::all_of(
      options.begin(), options.end(),
      [&](const ShardingOption& option) { return option.refusal.code() == first.code(); });
  return absl::Status(
      same_code ? first.code() : absl::StatusCode::kUnimplemented,
      absl::StrCat(operator_name, ": none of its shardings can run this case: ",
                   absl::StrJoin(options, "; ", [](std::string* out, const ShardingOption& option) {
                     absl::StrAppend(out, option.sharding, ": ", option.refusal.message());
                   })));
}

}  // namespace basisbench
