// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/measure_parts.h"

#include <algorithm>
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

// Median over samples of the slowest rank.
absl::Status MeasurePart(RunContext& context, const CaseRun& run, BodyClock& clock,
                         v1::Measured* part) {
  std::vector<double> slowest;
  double spent = 0;
  while (slowest.size() < kPartSamples && (slowest.size() < 3 || spent < kPartBudgetSeconds)) {
    BB_ASSIGN_OR_RETURN(const TimedBody timed, TimeBody(context, clock, run.cold(), run.batch));
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

// What a caller sees who launches the body and waits for it, beside the GPU's own time.
absl::Status MeasureHost(RunContext& context, CaseRun& run) {
  if (run.clock->is_host()) {
    run.host.set_note("the samples are the host's");
    return absl::OkStatus();
  }
  const auto host = MakeHostClock(context, [&run] { return run.plan->Run(); });
  return MeasurePart(context, run, *host, &run.host);
}

}  // namespace

absl::Status MeasureParts(RunContext& context, CaseRun& run) {
  const auto compute = MakeBodyClock(context, [&run] { return run.plan->RunCompute(); });
  BB_RETURN_IF_ERROR(MeasurePart(context, run, *compute, &run.compute));
  BB_RETURN_IF_ERROR(MeasureHost(context, run));
  if (MessagesSent(MostLoaded(run.resolved.cost.traffic)) == 0) {
    run.communication.set_note("the case declares no communication");
    return absl::OkStatus();
  }
  const auto communication =
      MakeBodyClock(context, [&run] { return run.plan->RunCommunication(); });
  return MeasurePart(context, run, *communication, &run.communication);
}

}  // namespace basisbench
