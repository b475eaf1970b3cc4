// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/telemetry/metric_catalogue.h"

namespace basisbench {
namespace {

std::string Row(const MetricRow& row) {
  std::vector<std::string> labels;
  for (const std::string& label : row.labels) labels.push_back(absl::StrCat("`", label, "`"));
  return absl::StrCat("| `", row.name, "` | ", MetricTypeName(row.type), " | ",
                      labels.empty() ? "–" : absl::StrJoin(labels, ", "), " | ", row.help, " |\n");
}

std::string Section(absl::string_view title, absl::string_view served_by) {
  std::string text =
      absl::StrCat("\n## ", title, "\n\n| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n");
  for (const MetricRow& row : MetricCatalogue()) {
    if (served_by == row.served_by) absl::StrAppend(&text, Row(row));
  }
  return text;
}

}  // namespace

std::string MetricsDocument() {
  return absl::StrCat(
      "# Metrics\n\n"
      "Generated from `services/base/telemetry/metric_catalogue.cc` by `basisbench-metrics-doc`; "
      "do not edit.\n\n"
      "Every process serves these at `/metrics` on its HTTP port, in the Prometheus text format "
      "0.0.4. Units are\n"
      "base units (seconds, bytes, ratios from 0 to 1). Histograms have classic buckets, each "
      "bound twice the one\n"
      "before: 1 µs to 67 s for work inside a case, 1 ms to 9.3 h for whole jobs. No histogram "
      "carries a job id;\n"
      "per-job series are gauges and exist only for the newest jobs.\n",
      Section("Every process", "both"), Section("Coordinator", "coordinator"),
      Section("Worker daemon", "worker"));
}

}  // namespace basisbench
