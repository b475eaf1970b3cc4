// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/plan_group.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/stored.h"
#include "workers/runner/control.h"
#include "workers/runner/convert.h"

namespace basisbench {
namespace {

absl::Status CheckWorld(const v1::Case& spec, int observed) {
  if (static_cast<int>(spec.ranks()) == observed) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the case asks for ", spec.ranks(), " ranks, the world has ", observed));
}

absl::Status CheckMemory(const RunContext& context, const CaseRun& run) {
  const auto& needed = run.resolved.cost.memory_bytes;
  const auto rank = static_cast<size_t>(context.world.rank());
  if (context.memory_bytes == 0 || rank >= needed.size() || needed[rank] <= context.memory_bytes) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(absl::StrCat(
      "needs ", needed[rank], " bytes, this rank may allocate ", context.memory_bytes));
}

absl::Status MakePlan(RunContext& context, CaseRun& run) {
  auto plan =
      PreparePlan(*run.resolved.op, run.resolved.problem, context.device, context.movement());
  if (!plan.ok()) return plan.status();
  run.plan = *std::move(plan);
  return context.shards().Fill(run.plan->Inputs(), *run.operands);
}

int64_t LargestRank(const CaseRun& run) {
  const auto& bytes = run.resolved.cost.memory_bytes;
  return bytes.empty() ? 0 : *std::max_element(bytes.begin(), bytes.end());
}

}  // namespace

void Leave(CaseRun& run, const absl::Status& why) {
  run.outcome = OutcomeOf(why);
  run.detail = std::string(why.message());
}

v1::Outcome OutcomeOf(const absl::Status& status) {
  if (absl::IsResourceExhausted(status)) return v1::OUTCOME_RESOURCE_EXHAUSTED;
  if (absl::IsUnimplemented(status)) return v1::OUTCOME_UNSUPPORTED;
  return v1::OUTCOME_REJECTED;
}

std::vector<Group> GroupCases(const v1::Assignment& assignment) {
  std::vector<Group> groups;
  std::map<std::string, size_t> known;
  for (const v1::Case& spec : assignment.cases()) {
    const std::string& name = spec.comparison_group();
    const auto [found, is_new] = known.try_emplace(name, groups.size());
    size_t at = found->second;
    if (is_new || name.empty()) {
      at = groups.size();
      groups.emplace_back();
    }
    groups[at].push_back(std::make_unique<CaseRun>());
    groups[at].back()->resolved.spec = spec;
  }
  return groups;
}

void ResolveGroup(const RunContext& context, const MeasureOptions& options, Group& group) {
  for (const auto& run : group) {
    run->start_time = absl::Now();
    FillCaseDefaults(context.backend, &run->resolved.spec);
    if (run->resolved.spec.seed() == 0) run->resolved.spec.set_seed(options.seed);
    const absl::Status world = CheckWorld(run->resolved.spec, context.world.size());
    if (!world.ok()) {
      Leave(*run, world);
      continue;
    }
    auto resolved = ResolveCase(run->resolved.spec, context.backend);
    if (resolved.ok()) {
      run->resolved = *std::move(resolved);
    } else {
      Leave(*run, resolved.status());
    }
  }
}

std::vector<std::vector<CaseRun*>> SplitByMemory(const Group& group, int64_t memory_bytes) {
  std::vector<CaseRun*> active;
  CaseRun* baseline = nullptr;
  for (const auto& run : group) {
    if (!run->active()) continue;
    active.push_back(run.get());
    if (run->resolved.spec.baseline() && baseline == nullptr) baseline = run.get();
  }
  std::vector<std::vector<CaseRun*>> parts;
  const int64_t always = baseline == nullptr ? 0 : LargestRank(*baseline);
  int64_t used = 0;
  for (CaseRun* run : active) {
    if (run == baseline) continue;
    const bool full = memory_bytes > 0 && used + LargestRank(*run) > memory_bytes;
    if (parts.empty() || full) {
      parts.emplace_back();
      if (baseline != nullptr) parts.back().push_back(baseline);
      used = always;
    }
    used += LargestRank(*run);
    parts.back().push_back(run);
  }
  if (parts.empty() && baseline != nullptr) parts.push_back({baseline});
  return parts;
}

absl::Status PlanCase(RunContext& context, CaseRun& run) {
  const v1::Case& spec = run.resolved.spec;
  BB_ASSIGN_OR_RETURN(const Distribution input, ParseDistribution(spec.input()));
  run.operands =
      std::make_unique<SeededOperands>(*run.resolved.op, run.resolved.problem, input, spec.seed());
  BB_ASSIGN_OR_RETURN(const Agreement memory, Agree(context.world, CheckMemory(context, run)));
  if (!memory.verdict.ok()) {
    Leave(run, memory.verdict);
    return absl::OkStatus();
  }
  BB_ASSIGN_OR_RETURN(const Agreement planned, Agree(context.world, MakePlan(context, run)));
  if (!planned.verdict.ok()) {
    run.plan.reset();
    Leave(run, planned.verdict);
  }
  return absl::OkStatus();
}

}  // namespace basisbench
