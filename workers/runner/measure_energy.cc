// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/measure_energy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/measure/energy.h"
#include "workers/measure/gpu_energy.h"
#include "workers/measure/timer.h"
#include "workers/runner/control.h"

namespace basisbench {
namespace {

constexpr double kEnergyWindowSeconds = 1.1 * kShortestEnergyWindowSeconds;

// Counters this rank reads for the gang, and whether all ranks that read some can.
struct Counters {
  absl::StatusOr<EnergyCounters> of_host = absl::UnavailableError("not read by this rank");
  absl::StatusOr<GpuReadings> of_gpu = absl::UnavailableError("not read by this rank");
  absl::Status hosts, gpus;
};

// Joules of a window of so many bodies; 0 for what another rank reads.
struct Joules {
  absl::StatusOr<double> of_host = 0.0, of_gpu = 0.0;
  int64_t iterations = 1;
};

absl::StatusOr<Counters> OpenCounters(RunContext& context) {
  Counters counters;
  absl::Status mine;
  if (context.first_on_host) {
    counters.of_host = EnergyCounters::Open();
    mine = counters.of_host.status();
  }
  BB_ASSIGN_OR_RETURN(const Agreement hosts, Agree(context.world, mine));
  counters.hosts = hosts.verdict;
  if (context.gpu == nullptr) {
    counters.gpus = absl::UnavailableError("the case does not run on GPUs");
    return counters;
  }
  const GpuMeasuring& gpu = *context.gpu;
  BB_ASSIGN_OR_RETURN(const auto uuids, GatherBytes(context.world, gpu.uuid));
  absl::Status readable;
  if (IsFirstOnGpu(uuids, static_cast<size_t>(context.world.rank()))) {
    counters.of_gpu = gpu.readings;
    readable =
        gpu.readings.ok() ? gpu.readings->EnergyMillijoules().status() : gpu.readings.status();
  }
  BB_ASSIGN_OR_RETURN(const Agreement gpus, Agree(context.world, readable));
  counters.gpus = gpus.verdict;
  return counters;
}

// Repeats the body on all ranks until the root has seen the window pass, and returns how often that
// was. The samples only say with how many to begin: side by side, bodies are faster than measured
// one by one.
absl::StatusOr<int64_t> FillWindow(RunContext& context, CaseRun& run) {
  const int64_t begin = SteadyNanoseconds();
  double seconds_each = run.rule->median(), elapsed = 0;
  int64_t done = 0;
  for (;;) {
    double more = 0;  // the root's word
    if (context.is_root() && (done == 0 || elapsed < kEnergyWindowSeconds)) {
      more = 1;
      if (seconds_each > 0) more = std::ceil((kEnergyWindowSeconds - elapsed) / seconds_each);
    }
    BB_RETURN_IF_ERROR(BroadcastDoubles(context.world, absl::MakeSpan(&more, 1)));
    if (more <= 0) return done;
    BB_RETURN_IF_ERROR(run.clock->Repeat(static_cast<int64_t>(more)));
    done += static_cast<int64_t>(more);
    elapsed = SecondsBetween(begin, SteadyNanoseconds());
    seconds_each = elapsed / static_cast<double>(done);
  }
}

// Joules while all ranks repeat the body.
absl::StatusOr<Joules> Execute(RunContext& context, const Counters& counters, CaseRun& run) {
  const bool reads_host = counters.of_host.ok(), reads_gpu = counters.of_gpu.ok();
  absl::StatusOr<EnergyReading> begin, end;
  absl::StatusOr<GpuEnergyReading> gpu_begin, gpu_end;
  Joules joules;
  BB_RETURN_IF_ERROR(context.world.Barrier());
  if (reads_host) begin = counters.of_host->Read();
  if (reads_gpu) gpu_begin = ReadGpuEnergy(*counters.of_gpu);
  BB_ASSIGN_OR_RETURN(joules.iterations, FillWindow(context, run));
  BB_RETURN_IF_ERROR(context.world.Barrier());
  if (reads_host) end = counters.of_host->Read();
  if (reads_gpu) gpu_end = ReadGpuEnergy(*counters.of_gpu);
  if (reads_host && begin.ok() && end.ok()) {
    joules.of_host = counters.of_host->Joules(*begin, *end);
  } else if (reads_host) {
    joules.of_host = begin.ok() ? end.status() : begin.status();
  }
  if (reads_gpu && gpu_begin.ok() && gpu_end.ok()) {
    joules.of_gpu = GpuJoules(*gpu_begin, *gpu_end);
  } else if (reads_gpu) {
    joules.of_gpu = gpu_begin.ok() ? gpu_end.status() : gpu_begin.status();
  }
  return joules;
}

// Joules of all ranks, or the reason of the first that has none.
absl::Status SumOverRanks(RunContext& context, const absl::StatusOr<double>& mine,
                          absl::StatusOr<double>* sum) {
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, mine.status()));
  if (!agreed.verdict.ok()) {
    *sum = agreed.verdict;
    return absl::OkStatus();
  }
  BB_ASSIGN_OR_RETURN(const auto all, GatherDoubles(context.world, {*mine}));
  *sum = std::accumulate(all.begin(), all.end(), 0.0);
  return absl::OkStatus();
}

void Fill(const absl::StatusOr<double>& joules, double iterations, absl::string_view of,
          v1::Measured* energy) {
  if (!joules.ok()) {
    energy->set_note(std::string(joules.status().message()));
    return;
  }
  energy->set_value(*joules / iterations);
  energy->set_note(absl::StrCat(of, ", idle power included, over ", iterations, " iterations"));
}

constexpr char kHosts[] = "packages and memory of all hosts";
constexpr char kGpus[] = "all GPUs by NVML's counter";

// On GPUs the hosts' counters are a part that may be missing, and the note says so.
void FillSum(const absl::StatusOr<double>& hosts, const absl::StatusOr<double>& gpus,
             double iterations, v1::Measured* energy) {
  if (!gpus.ok()) {
    Fill(gpus.status(), iterations, "", energy);
  } else if (hosts.ok()) {
    Fill(*hosts + *gpus, iterations, absl::StrCat(kGpus, ", ", kHosts), energy);
  } else {
    Fill(gpus, iterations,
         absl::StrCat(kGpus, "; without the hosts (", hosts.status().message(), ")"), energy);
  }
}

}  // namespace

bool IsFirstOnGpu(const std::vector<std::string>& uuids, size_t rank) {
  return std::find(uuids.begin(), uuids.end(), uuids[rank]) ==
         uuids.begin() + static_cast<std::ptrdiff_t>(rank);
}

absl::Status MeasureEnergy(RunContext& context, CaseRun& run) {
  BB_ASSIGN_OR_RETURN(const Counters counters, OpenCounters(context));
  const bool on_gpus = context.gpu != nullptr;
  absl::StatusOr<double> hosts = 0.0, gpus = 0.0;
  double iterations = 1;
  if (on_gpus ? counters.gpus.ok() : counters.hosts.ok()) {
    absl::StatusOr<Joules> joules = Execute(context, counters, run);
    if (!joules.ok()) joules = Joules{joules.status(), joules.status()};
    iterations = static_cast<double>(joules->iterations);
    BB_RETURN_IF_ERROR(SumOverRanks(context, joules->of_host, &hosts));
    BB_RETURN_IF_ERROR(SumOverRanks(context, joules->of_gpu, &gpus));
  }
  if (!counters.hosts.ok()) hosts = counters.hosts;
  if (!counters.gpus.ok()) gpus = counters.gpus;
  Fill(gpus, iterations, kGpus, &run.gpu_energy);
  if (on_gpus) {
    FillSum(hosts, gpus, iterations, &run.energy);
  } else {
    Fill(hosts, iterations, kHosts, &run.energy);
  }
  return absl::OkStatus();
}

}  // namespace basisbench
