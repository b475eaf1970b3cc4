// SPDX-License-Identifier: Apache-2.0
// The pages every process serves: /metrics, /healthz (the process answers) and /readyz (it can do
// its work).
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "services/base/telemetry/http_endpoint.h"
#include "services/base/telemetry/metric_set.h"

namespace basisbench {

// `metrics` must outlive the endpoint's Stop. `ready` runs on HTTP threads; its message is the body
// of the 503.
void ServeStandardPages(MetricSet& metrics, std::function<absl::Status()> ready,
                        HttpEndpoint& http);

}  // namespace basisbench
