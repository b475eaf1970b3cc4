// SPDX-License-Identifier: Apache-2.0
// What run, submit and validate share: sending a job to the coordinator and showing how it ended.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/cli/context.h"
#include "services/cli/job_flags.h"

namespace basisbench {

// Submits the job the flags describe, retrying for as long as the call timeout while no worker can
// check it. An INVALID_ARGUMENT is extended by the names that were probably meant.
absl::StatusOr<v1::SubmitJobResponse> Submit(Context& context, const JobFlags& flags,
                                             bool validate_only);

// Watches a job to its end, then prints its tables; returns the exit code of the job.
struct FollowOptions {
  bool summary = true;
  bool cancel_on_interrupt = false;
};
int Follow(Context& context, const std::string& job_id, const FollowOptions& options);

// The result and model tables of a job, with a heading for people.
absl::Status PrintSummary(Context& context, const v1::Job& job,
                          const std::vector<v1::CaseResult>& results);

}  // namespace basisbench
