// SPDX-License-Identifier: Apache-2.0
// What the coordinator counts as it happens, by the names of the metric catalogue. Looks its series
// up once, where their labels allow. Thread-safe; never fails.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/result.pb.h"
#include "basisbench/v1/worker.pb.h"
#include "services/base/telemetry/metric_set.h"

namespace basisbench {

class CoordinatorProbe {
 public:
  explicit CoordinatorProbe(MetricSet& metrics);

  void JobSubmitted() { submitted_.Increment(); }
  void JobRefused(const absl::Status& status);
  // `job` has just been given its first attempt.
  void JobStarted(const v1::Job& job);
  void JobEnded(const v1::Job& job);
  void CaseRecorded(const v1::CaseResult& result);
  void AttemptStarted() { attempts_started_.Increment(); }
  void AttemptEnded(v1::AttemptEnd ending);
  void WorkerLost() { workers_lost_.Increment(); }
  void StoreWritten(absl::Duration took, const absl::Status& status);
  void SetJobs(size_t queued, size_t running);

 private:
  MetricSet& metrics_;
  prometheus::Counter& submitted_;
  prometheus::Counter& attempts_started_;
  prometheus::Counter& workers_lost_;
  prometheus::Counter& store_failures_;
  prometheus::Histogram& store_write_;
  prometheus::Histogram& queue_wait_;
  prometheus::Histogram& duration_;
  prometheus::Gauge& queued_;
  prometheus::Gauge& running_;
};

}  // namespace basisbench
