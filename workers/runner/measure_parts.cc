// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/measure_parts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/measure/statistics.h"
#include "workers/runner/control.h"
#include "workers/runner/convert.h"
#include "workers/runner/timed_body.h"

namespace basisbench {
namespace {

constexpr size_t kPartSamples = 11;
constexpr double kPartBudgetSeconds = 2;
constexpr double kEnergyWindowSeconds = 1.1 * kShortestEnergyWindowSeconds;

// Median over samples of the slowest rank.
absl::Status MeasurePart(RunContext& context, const CaseRun& run, v1::Measured* part,
                         const std::function<absl::Status()>& body) {
  std::vector<double> slowest;
  double spent = 0;
  while (slowest.size() < kPartSamples && (slowest.size() < 3 || spent < kPartBudgetSeconds)) {
    BB_ASSIGN_OR_RETURN(const TimedBody timed, TimeBody(context, run.cold(), run.batch, body));
    BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, timed.status));
    if (!agreed.verdict.ok()) {
      part->set_note(absl::StrCat("not measured: ", agreed.verdict.message()));
      return absl::OkStatus();
    }
    BB_ASSIGN_OR_RETURN(const auto all, GatherDoubles(context.world, {timed.seconds}));
    slowest.push_back(*std::max_element(all.begin(), all.end()));
    spent += slowest.back() * static_cast<double>(run.batch);
  }
  part->set_value(Median(slowest));
  part->set_note(absl::StrCat("median of ", slowest.size(), " samples, slowest rank"));
  return absl::OkStatus();
}

// Joules of this host while all ranks execute `iterations` bodies; 0 on ranks that are not the
// first of their host.
absl::StatusOr<double> JoulesOfHost(RunContext& context, const EnergyCounters* counters,
                                    CaseRun& run, int64_t iterations) {
  absl::StatusOr<EnergyReading> begin, end;
  BB_RETURN_IF_ERROR(context.world.Barrier());
  if (counters != nullptr) begin = counters->Read();
  for (int64_t i = 0; i < iterations; ++i) BB_RETURN_IF_ERROR(run.plan->Run());
  BB_RETURN_IF_ERROR(context.device.Synchronize());
  BB_RETURN_IF_ERROR(context.world.Barrier());
  if (counters == nullptr) return 0;
  end = counters->Read();
  BB_RETURN_IF_ERROR(begin.status());
  BB_RETURN_IF_ERROR(end.status());
  return counters->Joules(*begin, *end);
}

}  // namespace

absl::Status MeasureParts(RunContext& context, CaseRun& run) {
  BB_RETURN_IF_ERROR(
      MeasurePart(context, run, &run.compute, [&run] { return run.plan->RunCompute(); }));
  if (MessagesSent(MostLoaded(run.resolved.cost.traffic)) == 0) {
    run.communication.set_note("the case declares no communication");
    return absl::OkStatus();
  }
  return MeasurePart(context, run, &run.communication,
                     [&run] { return run.plan->RunCommunication(); });
}

absl::Status MeasureEnergy(RunContext& context, CaseRun& run) {
  const auto counters = EnergyCounters::Open();
  const absl::Status readable = context.first_on_host ? counters.status() : absl::OkStatus();
  BB_ASSIGN_OR_RETURN(const Agreement available, Agree(context.world, readable));
  if (!available.verdict.ok()) {
    run.energy.set_note(std::string(available.verdict.message()));
    return absl::OkStatus();
  }
  double iterations = 0;
  if (context.is_root() && run.rule->median() > 0) {
    iterations = std::ceil(kEnergyWindowSeconds / run.rule->median());
  }
  BB_RETURN_IF_ERROR(BroadcastDoubles(context.world, absl::MakeSpan(&iterations, 1)));
  const auto joules = JoulesOfHost(context, context.first_on_host ? &*counters : nullptr, run,
                                   static_cast<int64_t>(iterations));
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, joules.status()));
  if (!agreed.verdict.ok()) {
    run.energy.set_note(std::string(agreed.verdict.message()));
    return absl::OkStatus();
  }
  BB_ASSIGN_OR_RETURN(const auto all, GatherDoubles(context.world, {*joules}));
  double total = 0;
  for (double host : all) total += host;
  run.energy.set_value(total / iterations);
  run.energy.set_note(absl::StrCat("packages and memory of all hosts, idle power included, over ",
                                   iterations, " iterations"));
  return absl::OkStatus();
}

}  // namespace basisbench
