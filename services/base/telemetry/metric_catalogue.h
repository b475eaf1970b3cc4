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

struct MetricRow {
  std::string name;  // with unit and suffix, Prometheus conventions
  MetricType type;
  std::string help;
  std::vector<std::string> labels;
  std::string served_by;  // "coordinator", "worker", "both"
};

const std::vector<MetricRow>& MetricCatalogue();

// nullptr when there is none of that name.
const MetricRow* FindMetric(absl::string_view name);

}  // namespace basisbench
