// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/web/web_server.h"

#include <utility>

#include "services/base/status_macros.h"
#include "services/base/telemetry/standard_pages.h"
#include "services/coordinator/web/event_route.h"
#include "services/coordinator/web/json_routes.h"
#include "services/coordinator/web/page.h"
#include "services/coordinator/web/state_metrics.h"

namespace basisbench {
namespace {

class HttpWebServer : public WebServer {
 public:
  HttpWebServer(JobDirectory& directory, MetricSet& metrics, std::unique_ptr<HttpEndpoint> http)
      : http_(std::move(http)) {
    // The metric set keeps the refresher as long as it lives, so the refresher owns its state.
    auto state = std::make_shared<StateMetrics>(directory, metrics);
    metrics.OnScrape([state] { state->Refresh(); });
    ServeStandardPages(
        metrics, [&directory] { return directory.Ready(); }, *http_);
    ServeDiscovery(directory, *http_);
    ServeJson(directory, *http_);
    ServeEvents(directory, *http_);
    ServePage(*http_);
  }
  ~HttpWebServer() override { Stop(); }

  int port() const override { return http_->port(); }
  void Stop() override { http_->Stop(); }

 private:
  std::unique_ptr<HttpEndpoint> http_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<WebServer>> StartWeb(JobDirectory& directory, MetricSet& metrics,
                                                    const HttpOptions& options) {
  BB_ASSIGN_OR_RETURN(std::unique_ptr<HttpEndpoint> http, HttpEndpoint::Start(options));
  return std::make_unique<HttpWebServer>(directory, metrics, std::move(http));
}

}  // namespace basisbench
