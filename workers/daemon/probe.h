// SPDX-License-Identifier: Apache-2.0
// Every metric of the worker daemon, as verbs. Thread-safe. Series of operators are looked up once
// and kept.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "basisbench/v1/runner.pb.h"
#include "basisbench/v1/worker.pb.h"
#include "services/base/telemetry/metric_set.h"

namespace basisbench {

class Probe {
 public:
  // `metrics` outlives the probe.
  explicit Probe(MetricSet& metrics);

  void Identify(const std::string& worker, const std::string& device,
                const v1::Inventory& inventory, uint32_t slots);
  void Attached();
  void SetLeaseHeld(bool held);
  void SetSlotsUsed(uint32_t slots);
  void SetUnacknowledged(size_t records);
  void RanksChanged(int change);
  void Launched(absl::Duration duration);
  void Record(const v1::RankActivity& activity);

 private:
  // Series of one (operator, backend, dtype), and of one (collective, backend).
  struct OperatorSeries {
    prometheus::Histogram* duration;
    prometheus::Counter* flops;
    prometheus::Counter* effective_flops;
    prometheus::Counter* memory_bytes;
  };
  struct CollectiveSeries {
    prometheus::Counter* calls;
    prometheus::Counter* bytes;
    prometheus::Counter* messages;
    prometheus::Counter* seconds;
  };

  OperatorSeries& Of(const v1::RankActivity& activity) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  CollectiveSeries& Of(const std::string& collective, const std::string& backend)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  MetricSet& metrics_;
  absl::Mutex mutex_;
  std::map<std::tuple<std::string, std::string, std::string>, OperatorSeries> operators_
      ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::string>, CollectiveSeries> collectives_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace basisbench
