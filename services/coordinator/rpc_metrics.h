// SPDX-License-Identifier: Apache-2.0
// Times every unary call the server answers. Installed once on the builder; `metrics` must outlive
// the server. Streams are left out: how long one is open says nothing about latency.
#pragma once

#include "grpcpp/grpcpp.h"
#include "services/base/telemetry/metric_set.h"

namespace basisbench {

void TimeCalls(MetricSet& metrics, grpc::ServerBuilder& builder);

}  // namespace basisbench
