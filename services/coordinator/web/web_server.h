// SPDX-License-Identifier: Apache-2.0
// The coordinator's HTTP port: metrics, health, Prometheus service discovery, JSON, server-sent
// events and the page. Owned by main; handlers run on HTTP threads and read the directory, which is
// thread-safe. Read-only.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "services/base/telemetry/http_endpoint.h"
#include "services/base/telemetry/metric_set.h"
#include "services/coordinator/directory.h"

namespace basisbench {

class WebServer {
 public:
  virtual ~WebServer() = default;

  virtual int port() const = 0;

  // Ends event streams and stops listening; afterwards the directory is no longer touched by HTTP
  // threads. Idempotent; also done by the destructor.
  virtual void Stop() = 0;
};

// Serves /metrics /healthz /readyz /sd/targets /api/v1/... and the page. Also adds to `metrics`
// what is read from the directory at each scrape (basisbench_job_*, basisbench_result_*,
// basisbench_workers, basisbench_cluster_*). `directory` and `metrics` must outlive the server and
// the last scrape. UNAVAILABLE when it cannot listen.
absl::StatusOr<std::unique_ptr<WebServer>> StartWeb(JobDirectory& directory, MetricSet& metrics,
                                                    const HttpOptions& options);

}  // namespace basisbench
