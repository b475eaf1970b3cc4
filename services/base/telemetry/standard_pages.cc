// SPDX-License-Identifier: Apache-2.0
#include "services/base/telemetry/standard_pages.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace basisbench {

void ServeStandardPages(MetricSet& metrics, std::function<absl::Status()> ready,
                        HttpEndpoint& http) {
  http.Handle("/metrics", [&metrics](const HttpRequest&) {
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics.Scrape();
    return response;
  });
  http.Handle("/healthz", [](const HttpRequest&) {
    HttpResponse response;
    response.body = "ok\n";
    return response;
  });
  http.Handle("/readyz", [ready = std::move(ready)](const HttpRequest&) {
    HttpResponse response;
    const absl::Status status = ready();
    response.status = status.ok() ? 200 : 503;
    response.body = status.ok() ? "ready\n" : absl::StrCat(status.message(), "\n");
    return response;
  });
}

}  // namespace basisbench
