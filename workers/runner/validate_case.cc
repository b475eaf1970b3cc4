// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/validate_case.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/measure/profiler_range.h"
#include "workers/operators/validation.h"
#include "workers/runner/control.h"
#include "workers/runner/convert.h"

namespace basisbench {
namespace {

void Invalidate(CaseRun& run, absl::string_view check, absl::string_view why) {
  run.validation.set_passed(false);
  const std::string failure = absl::StrCat(check, ": ", why);
  std::string* detail = run.validation.mutable_detail();
  absl::StrAppend(detail, detail->empty() ? "" : "; ", failure);
  if (run.active()) {
    run.outcome = v1::OUTCOME_INVALID_RESULT;
    run.detail = failure;
  }
}

absl::Status TrafficOfThisRank(const RunContext& context, const CaseRun& run) {
  const auto rank = static_cast<size_t>(context.world.rank());
  const auto& declared = run.resolved.cost.traffic;
  if (rank >= declared.size()) {
    return absl::InternalError(
        absl::StrCat("the cost declares traffic of ", declared.size(), " ranks only"));
  }
  BB_RETURN_IF_ERROR(CheckTraffic(declared[rank], TrafficTable{}, run.counted, 1));
  if (run.counted_steadily) return absl::OkStatus();
  return absl::InternalError("iterations differ in what they send");
}

absl::Status CheckPart(RunContext& context, CaseRun& run, absl::string_view check,
                       const absl::Status& mine, bool* passed) {
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, mine));
  *passed = agreed.verdict.ok();
  if (!*passed) {
    const absl::string_view why = agreed.verdict.message();
    Invalidate(run, check, why);
  }
  return absl::OkStatus();
}

// Runs the plan again on other operands, with the outputs poisoned.
absl::Status RunOn(RunContext& context, CaseRun& run, const Operands& operands,
                   absl::Span<const Shard> outputs) {
  BB_RETURN_IF_ERROR(context.shards().Fill(run.plan->Inputs(), operands));
  BB_RETURN_IF_ERROR(context.shards().Poison(outputs));
  return run.plan->Run();
}

ValidationOptions ChecksOf(const MeasureOptions& options) {
  ValidationOptions checks;
  checks.seed = options.seed;
  return checks;
}

}  // namespace

absl::Status ValidateOutput(RunContext& context, const MeasureOptions& options, CaseRun& run) {
  if (options.skip_validation) {
    run.validation.set_method("none");
    run.validation.set_detail("validation was left out on request");
    run.validation.set_exact_integer("not tried: validation was left out on request");
    return absl::OkStatus();
  }
  const ResolvedCase& resolved = run.resolved;
  const ProfilerRange range(absl::StrCat("validation ", CaseLabel(resolved.spec)));
  run.validation.set_method(resolved.problem.direction == "backward" ? "adjoint" : "freivalds");
  run.validation.set_passed(true);
  const std::vector<Shard> outputs = run.plan->Outputs();
  DeviceReader reader(context.device);
  BB_ASSIGN_OR_RETURN(const ValidationReport report,
                      CheckOutputs(*resolved.op, resolved.problem, *run.operands, outputs, reader,
                                   context.world, ChecksOf(options)));
  bool readable = false;
  BB_RETURN_IF_ERROR(CheckPart(context, run, "output", reader.status(), &readable));
  if (!readable) return absl::OkStatus();
  run.validation.set_scaled_residual(report.residual);
  run.validation.set_tolerance(report.tolerance);
  run.validation.set_relative_error(report.relative_error);
  if (!report.passed) Invalidate(run, "output", report.failure);
  bool covered = false, traffic_matches = false;
  for (const Shard& output : outputs) {
    const TensorShape whole = OutputShape(*resolved.op, resolved.problem, output.tensor);
    BB_RETURN_IF_ERROR(
        CheckPart(context, run, "coverage", CheckCoverage(whole, output, context.world), &covered));
  }
  BB_RETURN_IF_ERROR(
      CheckPart(context, run, "traffic", TrafficOfThisRank(context, run), &traffic_matches));
  run.validation.set_traffic_matches(traffic_matches);
  return absl::OkStatus();
}

absl::Status ValidateExactly(RunContext& context, const MeasureOptions& options, CaseRun& run) {
  if (options.skip_validation) return absl::OkStatus();
  const ResolvedCase& resolved = run.resolved;
  const absl::Status possible = CanCheckExactly(*resolved.op, resolved.problem);
  if (!possible.ok()) {
    run.validation.set_exact_integer(absl::StrCat("not tried: ", possible.message()));
    return absl::OkStatus();
  }
  const SeededOperands integers(*resolved.op, resolved.problem, Distribution::kInteger,
                                options.seed);
  const std::vector<Shard> outputs = {run.plan->Outputs().front()};
  bool ran = false;
  BB_RETURN_IF_ERROR(
      CheckPart(context, run, "exact integer", RunOn(context, run, integers, outputs), &ran));
  if (!ran) return absl::OkStatus();
  DeviceReader reader(context.device);
  BB_ASSIGN_OR_RETURN(const ValidationReport report,
                      CheckExact(*resolved.op, resolved.problem, integers, outputs.front(), reader,
                                 context.world, ChecksOf(options)));
  bool readable = false;
  BB_RETURN_IF_ERROR(CheckPart(context, run, "exact integer", reader.status(), &readable));
  if (!readable) return absl::OkStatus();
  run.validation.set_exact_integer(report.passed ? "passed" : "failed");
  if (!report.passed) Invalidate(run, "exact integer", report.failure);
  return absl::OkStatus();
}

}  // namespace basisbench
