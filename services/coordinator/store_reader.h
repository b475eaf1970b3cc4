// SPDX-License-Identifier: Apache-2.0
// The queries of the store, on a connection the caller holds. Pages are bounded by rows and by
// bytes, so that one request can neither hold a connection for long nor make an answer too large to
// send.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/coordinator/sqlite.h"
#include "services/coordinator/store.h"

namespace basisbench {

absl::StatusOr<v1::Job> ReadJob(Database& database, const std::string& id);
absl::StatusOr<std::string> ReadJobOfRequest(Database& database, const std::string& request_id);
// INVALID_ARGUMENT naming page_size, page_token or states.
absl::StatusOr<v1::ListJobsResponse> ReadJobs(Database& database,
                                              const v1::ListJobsRequest& request);
absl::StatusOr<v1::ListResultsResponse> ReadResults(Database& database,
                                                    const v1::ListResultsRequest& request);
absl::StatusOr<std::vector<v1::WatchJobResponse>> ReadJobEvents(Database& database,
                                                                const std::string& id,
                                                                uint64_t after, int limit);
absl::StatusOr<std::map<v1::JobState, int64_t>> ReadJobCounts(Database& database);
absl::StatusOr<std::vector<ActiveJob>> ReadActiveJobs(Database& database);
absl::StatusOr<std::vector<RunningAttempt>> ReadRunningAttempts(Database& database);
absl::StatusOr<v1::OperatorCatalogue> ReadOperators(Database& database);

}  // namespace basisbench
