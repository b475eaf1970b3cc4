// SPDX-License-Identifier: Apache-2.0
// Gauges that say what the directory holds: workers, slots, the newest jobs and their results. Read
// at each scrape; results of a job are read again only when it has more of them. Bounded: the
// newest jobs only, and of each the first cases only. MetricSet calls Refresh from one thread at a
// time.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/base/telemetry/metric_set.h"
#include "services/coordinator/directory.h"

namespace basisbench {

class StateMetrics {
 public:
  StateMetrics(JobDirectory& directory, MetricSet& metrics)
      : directory_(directory), metrics_(metrics) {}

  void Refresh();

 private:
  using Series = std::pair<std::string, MetricLabels>;
  using Values = std::map<Series, double>;
  struct CachedResults {
    uint32_t cases_done = 0;
    std::vector<v1::CaseResult> results;
  };

  void AddWorkers(Values* values);
  void AddJobs(Values* values);
  void AddResults(const v1::Job& job, std::map<std::string, CachedResults>* kept, Values* values);

  JobDirectory& directory_;
  MetricSet& metrics_;
  Values shown_;
  std::map<std::string, CachedResults> cache_;
};

}  // namespace basisbench
