// SPDX-License-Identifier: Apache-2.0
// The directory over the live coordinator: the store, the director's workers and the presets.
#pragma once

#include <memory>
#include <string>

#include "services/coordinator/attempt_director.h"
#include "services/coordinator/directory.h"
#include "services/coordinator/presets.h"
#include "services/coordinator/store.h"
#include "services/coordinator/watch_hub.h"

namespace basisbench {

class StoreDirectory : public JobDirectory {
 public:
  struct Parts {
    Store& store;
    WatchHub& hub;
    AttemptDirector& director;
    const Presets& presets;
  };
  explicit StoreDirectory(const Parts& parts) : parts_(parts) {}

  // A queued job that no gang of the present workers could take says so in its detail.
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request) override;
  absl::StatusOr<v1::Job> GetJob(const std::string& job_id) override;
  absl::StatusOr<v1::ListResultsResponse> ListResults(
      const v1::ListResultsRequest& request) override {
    return parts_.store.ListResults(request);
  }
  absl::StatusOr<v1::ListWorkersResponse> ListWorkers(
      const v1::ListWorkersRequest& request) override {
    return parts_.director.ListWorkers(request);
  }
  v1::ListOperatorsResponse ListOperators() override;
  absl::StatusOr<v1::ListPresetsResponse> ListPresets(
      const v1::ListPresetsRequest& request) override;
  absl::StatusOr<std::unique_ptr<JobEvents>> Watch(const std::string& job_id,
                                                   uint64_t after_sequence) override;
  absl::Status Ready() override { return parts_.store.Health(); }

 private:
  const Parts parts_;
};

}  // namespace basisbench
