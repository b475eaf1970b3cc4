// SPDX-License-Identifier: Apache-2.0
// The JSON of the coordinator: the messages of proto/basisbench/v1 as protobuf's JSON mapping
// writes them, with the field names of the proto files and zeros printed. int64 are strings, as
// that mapping demands. Errors are
// {"error":{"code","message"}} with the HTTP status that fits. Thread-safe.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "services/base/telemetry/http_endpoint.h"
#include "services/coordinator/directory.h"

namespace basisbench {

// /api/v1/jobs, /api/v1/jobs/{id}[/results], /api/v1/workers, /api/v1/operators, /api/v1/presets.
void ServeJson(JobDirectory& directory, HttpEndpoint& http);

// /sd/targets: Prometheus http_sd with one group per worker; the worker's name is
// __meta_basisbench_worker.
void ServeDiscovery(JobDirectory& directory, HttpEndpoint& http);

// One line of JSON; "{}" for a message that has none.
std::string ToJson(const google::protobuf::Message& message);

// Every worker, following the pages. At most 100,000.
absl::StatusOr<v1::ListWorkersResponse> AllWorkers(JobDirectory& directory);

}  // namespace basisbench
