// SPDX-License-Identifier: Apache-2.0
// Every metric of every process as data: the only place where a metric's name, unit, help and
// labels are written. docs/metrics.md is generated from it; dashboards and rules are checked
// against it.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace basisbench {

enum class MetricType { kCounter, kGauge, kHistogram };

// Bounds of a histogram of seconds. Each bucket is twice the one before.
enum class MetricBuckets {
  kIteration,  // 1 us to 67 s: work inside a case
  kJob,        // 1 ms to 9.3 h: whole jobs and waits
};

struct MetricRow {
  std::string name;  // with unit and suffix, Prometheus conventions
  MetricType type;
  std::string help;
  std::vector<std::string> labels;
  std::string served_by;                              // "coordinator", "worker", "both"
  MetricBuckets buckets = MetricBuckets::kIteration;  // histograms only
};

const std::vector<MetricRow>& MetricCatalogue();

// nullptr when there is none of that name.
const MetricRow* FindMetric(absl::string_view name);

// "counter", "gauge", "histogram".
absl::string_view MetricTypeName(MetricType type);

// Upper bounds in seconds, without +Inf.
std::vector<double> BucketBounds(MetricBuckets buckets);

// The text of docs/metrics.md.
std::string MetricsDocument();

}  // namespace basisbench
