// SPDX-License-Identifier: Apache-2.0
// What a rank tells its daemon while measuring, often enough to be watched and seldom enough not to
// disturb: each message wakes a daemon that may share the rank's CPUs. Called outside timed regions
// only; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "workers/runner/case_run.h"
#include "workers/runner/run_context.h"

namespace basisbench {

class LiveReport {
 public:
  LiveReport(RunContext& context, size_t cases_total);

  // The rank turns to a case. Always told.
  absl::Status Started(const CaseRun& run);

  // The rank turns to a case within a round. Told unless a case was announced within the last 20 ms
  // and this one is shorter than that: a loss in between is blamed on a neighbour of the same
  // round.
  absl::Status StartedSample(const CaseRun& run);

  // Counts iterations for the next activity report.
  void Count(CaseRun& run, int64_t iterations, double seconds);

  // At most twice a second, or now when forced. Traffic is all of this rank's since the last
  // report: roofs, warm-up and validation move bytes as well, and the node's counters are to agree
  // with its interfaces.
  absl::Status ReportActivity(absl::Span<CaseRun* const> runs, bool force = false);

  // Rank 0: at most five times a second.
  absl::Status ReportProgress(const CaseRun& run, const std::string& phase);

  void CaseRecorded() { ++cases_done_; }

 private:
  absl::Status ReportTraffic();

  RunContext& context_;
  const size_t cases_total_;
  const int64_t begin_ns_;
  uint32_t cases_done_ = 0;
  int64_t announced_ns_ = 0, activity_ns_ = 0, progress_ns_ = 0;
  int64_t announced_case_ = -1;
  TrafficTable reported_{};
};

}  // namespace basisbench
