// SPDX-License-Identifier: Apache-2.0
// /api/v1/events: server-sent events for the page. "jobs" (the newest jobs) and "workers" are sent
// whenever they changed; with ?job=ID also the history of that job from the beginning, or from the
// Last-Event-ID a reconnecting browser sends: "job", "result", "progress", and "end" (with
// {"reason"}) when its history is over. Runs on one HTTP thread per client.
#pragma once

#include "services/base/telemetry/http_endpoint.h"
#include "services/coordinator/directory.h"

namespace basisbench {

void ServeEvents(JobDirectory& directory, HttpEndpoint& http);

}  // namespace basisbench
