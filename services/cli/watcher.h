// SPDX-License-Identifier: Apache-2.0
// Follows a job until it ends, across lost connections: each event is reported once. Used from one
// thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "basisbench/v1/job.pb.h"
#include "services/cli/context.h"
#include "services/cli/progress.h"

namespace basisbench {

// The ended job. CANCELLED when the user interrupted (the job goes on); UNAVAILABLE when the
// coordinator stayed away for longer than the call timeout; NOT_FOUND when there is no such job.
absl::StatusOr<v1::Job> WatchUntilEnd(Context& context, Client& client, const std::string& job_id,
                                      ProgressView& view);

}  // namespace basisbench
