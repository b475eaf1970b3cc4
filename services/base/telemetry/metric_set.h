// SPDX-License-Identifier: Apache-2.0
// The live metrics of one process. A probe (one class per component) fetches its series once and
// keeps the references: looking a series up costs thirty times an increment. Thread-safe. Asking
// for a name or label set that is not in the catalogue is a programming error and aborts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"

namespace basisbench {

using MetricLabels = std::map<std::string, std::string>;

class MetricSet {
 public:
  MetricSet();
  ~MetricSet();

  // References stay valid until the same series is removed.
  prometheus::Counter& Counter(absl::string_view name, const MetricLabels& labels = {});
  prometheus::Gauge& Gauge(absl::string_view name, const MetricLabels& labels = {});
  // Buckets as the catalogue's row says.
  prometheus::Histogram& Histogram(absl::string_view name, const MetricLabels& labels = {});

  // Drops a series; later scrapes no longer show it, and references to it dangle. Unknown series
  // are ignored.
  void Remove(absl::string_view name, const MetricLabels& labels);

  // Called before each scrape, one scrape at a time, to refresh gauges that are cheaper to compute
  // than to track. Whatever it captures must outlive the last scrape.
  void OnScrape(std::function<void()> refresh);

  // Text format 0.0.4, with process_* metrics and log counters included.
  std::string Scrape();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace basisbench
