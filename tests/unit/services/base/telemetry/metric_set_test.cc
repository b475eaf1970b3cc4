// SPDX-License-Identifier: Apache-2.0
#include "services/base/telemetry/metric_set.h"

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/base/log.h"
#include "services/base/telemetry/metric_catalogue.h"
#include "services/base/telemetry/standard_pages.h"
#include "tests/fakes/http_client.h"

namespace basisbench {
namespace {

MetricLabels AnyLabels(const MetricRow& row) {
  MetricLabels labels;
  for (const std::string& label : row.labels) labels[label] = "x";
  return labels;
}

// Gives every metric of the catalogue a series.
void FillAll(MetricSet& metrics) {
  for (const MetricRow& row : MetricCatalogue()) {
    if (row.type == MetricType::kCounter) metrics.Counter(row.name, AnyLabels(row)).Increment();
    if (row.type == MetricType::kGauge) metrics.Gauge(row.name, AnyLabels(row)).Set(1);
    if (row.type == MetricType::kHistogram)
      metrics.Histogram(row.name, AnyLabels(row)).Observe(1e-3);
  }
}

TEST(MetricSet, ShowsWhatWasRecorded) {
  MetricSet metrics;
  metrics.Counter("basisbench_cases_finished_total", {{"operator", "wht"}, {"outcome", "ok"}})
      .Increment(3);
  EXPECT_TRUE(
      absl::StrContains(metrics.Scrape(),
                        "# TYPE basisbench_cases_finished_total counter\n"
                        "basisbench_cases_finished_total{operator=\"wht\",outcome=\"ok\"} 3\n"));
}

TEST(MetricSet, ReturnsTheSameSeriesForTheSameLabels) {
  MetricSet metrics;
  EXPECT_EQ(&metrics.Gauge("basisbench_jobs", {{"state", "queued"}}),
            &metrics.Gauge("basisbench_jobs", {{"state", "queued"}}));
}

TEST(MetricSet, HistogramBoundsArePrintedShortAndEndInInfinity) {
  MetricSet metrics;
  metrics.Histogram("basisbench_launch_duration_seconds").Observe(0.25);
  const std::string text = metrics.Scrape();
  EXPECT_TRUE(
      absl::StrContains(text, "basisbench_launch_duration_seconds_bucket{le=\"1e-06\"} 0\n"))
      << text;
  EXPECT_TRUE(
      absl::StrContains(text, "basisbench_launch_duration_seconds_bucket{le=\"+Inf\"} 1\n"));
  EXPECT_TRUE(absl::StrContains(text, "basisbench_launch_duration_seconds_sum 0.25\n"));
  EXPECT_TRUE(absl::StrContains(text, "basisbench_launch_duration_seconds_count 1\n"));
}

TEST(MetricSet, RemovedSeriesAreGone) {
  MetricSet metrics;
  metrics.Gauge("basisbench_jobs", {{"state", "queued"}}).Set(1);
  metrics.Remove("basisbench_jobs", {{"state", "queued"}});
  metrics.Remove("basisbench_jobs", {{"state", "never"}});
  EXPECT_FALSE(absl::StrContains(metrics.Scrape(), "basisbench_jobs{"));
}

TEST(MetricSet, RefreshesBeforeAScrape) {
  MetricSet metrics;
  int calls = 0;
  metrics.OnScrape([&] { metrics.Gauge("basisbench_ranks_running").Set(++calls); });
  metrics.Scrape();
  EXPECT_TRUE(absl::StrContains(metrics.Scrape(), "basisbench_ranks_running 2\n"));
}

TEST(MetricSet, CountsLogLinesAndDescribesTheProcess) {
  MetricSet metrics;
  Log(LogLevel::kWarning, "test", "counted");
  const std::string text = metrics.Scrape();
  EXPECT_TRUE(
      absl::StrContains(text, absl::StrCat("basisbench_log_messages_total{level=\"warning\"} ",
                                           LogCount(LogLevel::kWarning))));
  for (const char* name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
        "process_start_time_seconds", "process_max_fds", "process_virtual_memory_bytes"}) {
    EXPECT_TRUE(absl::StrContains(text, absl::StrCat("\n", name, " "))) << name;
  }
}

TEST(MetricSet, KeepsHostileLabelValuesReadable) {
  MetricSet metrics;
  metrics
      .Counter("basisbench_cases_finished_total",
               {{"operator", "a\"b\\c\nd\xff\xc0\xaf"}, {"outcome", "\xE2\x82\xAC"}})
      .Increment();
  EXPECT_TRUE(absl::StrContains(metrics.Scrape(),
                                "{operator=\"a\\\"b\\\\c\\nd???\",outcome=\"\xE2\x82\xAC\"} 1"));
}

TEST(MetricSetDeathTest, AbortsOnANameOrLabelOutsideTheCatalogue) {
  MetricSet metrics;
  EXPECT_DEATH(metrics.Counter("basisbench_nonsense_total"),
               "no metric 'basisbench_nonsense_total'");
  EXPECT_DEATH(metrics.Gauge("basisbench_jobs_submitted_total"), "is a counter, used as a gauge");
  EXPECT_DEATH(metrics.Gauge("basisbench_jobs", {{"stat", "x"}}), "has no label 'stat'");
  EXPECT_DEATH(metrics.Gauge("basisbench_jobs"), "needs 1 labels, got 0");
}

TEST(MetricCatalogue, NamesAreUniqueAndFollowTheConventions) {
  std::set<std::string> names;
  for (const MetricRow& row : MetricCatalogue()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(row.type == MetricType::kCounter, absl::EndsWith(row.name, "_total")) << row.name;
    EXPECT_TRUE(absl::StartsWith(row.name, "basisbench_") || absl::StartsWith(row.name, "process_"))
        << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_TRUE(row.served_by == "coordinator" || row.served_by == "worker" ||
                row.served_by == "both");
    if (row.type == MetricType::kHistogram) {
      for (const std::string& label : row.labels) EXPECT_NE(label, "job_id") << row.name;
    }
  }
}

TEST(MetricCatalogue, DocumentIsUpToDate) {
  std::ifstream file(BASISBENCH_SOURCE "/docs/metrics.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), MetricsDocument()) << "run: basisbench-metrics-doc > docs/metrics.md";
}

TEST(Metrics, EveryMetricServedOverHttpPassesPromtool) {
  MetricSet metrics;
  FillAll(metrics);
  auto http = HttpEndpoint::Start({}).value();
  ServeStandardPages(
      metrics, [] { return absl::OkStatus(); }, *http);
  const HttpAnswer answer = Get(http->port(), "/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(
      absl::StrContains(answer.head, "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  FILE* promtool = popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  fwrite(answer.body.data(), 1, answer.body.size(), promtool);
  EXPECT_EQ(pclose(promtool), 0);
}

TEST(StandardPages, ReadinessFollowsTheProcess) {
  MetricSet metrics;
  std::atomic<bool> ready{false};
  auto http = HttpEndpoint::Start({}).value();
  ServeStandardPages(
      metrics, [&] { return ready ? absl::OkStatus() : absl::UnavailableError("not attached"); },
      *http);
  EXPECT_EQ(Get(http->port(), "/healthz").status, 200);
  EXPECT_EQ(Get(http->port(), "/readyz").status, 503);
  EXPECT_EQ(Get(http->port(), "/readyz").body, "not attached\n");
  ready = true;
  EXPECT_EQ(Get(http->port(), "/readyz").status, 200);
}

}  // namespace
}  // namespace basisbench
