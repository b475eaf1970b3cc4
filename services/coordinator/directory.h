// SPDX-License-Identifier: Apache-2.0
// The coordinator as readers see it: jobs, results, workers, catalogues and the events of a job.
// What the page, the JSON routes and the server-sent events are built on. Implemented by the
// coordinator; thread-safe; answers with the same messages and the same status codes as the gRPC
// services (NOT_FOUND, INVALID_ARGUMENT naming the field).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/worker.pb.h"

namespace basisbench {

// A reader's position in the history of one job. One thread at a time; the directory must outlive
// it. Never buffers more than a page: a reader that falls behind reads from the store.
class JobEvents {
 public:
  virtual ~JobEvents() = default;

  // Waits at most `timeout` for the next event. Nullopt when nothing happened in that time (send a
  // heartbeat and call again). OUT_OF_RANGE once the job has ended and its whole history was read;
  // NOT_FOUND when the job was deleted meanwhile; UNAVAILABLE when the coordinator is stopping.
  // `sequence` is 0 for progress, which is not replayed.
  virtual absl::StatusOr<std::optional<v1::WatchJobResponse>> Next(absl::Duration timeout) = 0;
};

class JobDirectory {
 public:
  virtual ~JobDirectory() = default;

  virtual absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request) = 0;
  virtual absl::StatusOr<v1::Job> GetJob(const std::string& job_id) = 0;
  virtual absl::StatusOr<v1::ListResultsResponse> ListResults(
      const v1::ListResultsRequest& request) = 0;
  virtual absl::StatusOr<v1::ListWorkersResponse> ListWorkers(
      const v1::ListWorkersRequest& request) = 0;
  virtual v1::ListOperatorsResponse ListOperators() = 0;
  virtual absl::StatusOr<v1::ListPresetsResponse> ListPresets(
      const v1::ListPresetsRequest& request) = 0;

  // Events after `after_sequence` (0: from the beginning). NOT_FOUND when there is no such job.
  virtual absl::StatusOr<std::unique_ptr<JobEvents>> Watch(const std::string& job_id,
                                                           uint64_t after_sequence) = 0;

  // OK when the coordinator can accept work: its store can be written. Otherwise why not. For
  // /readyz.
  virtual absl::Status Ready() = 0;
};

}  // namespace basisbench
