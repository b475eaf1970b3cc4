// SPDX-License-Identifier: Apache-2.0
// Reads the history of one job from a sequence number on, a page at a time, and the latest progress
// in between. One thread at a time; store and hub must outlive it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "basisbench/v1/job.pb.h"
#include "services/coordinator/store.h"
#include "services/coordinator/watch_hub.h"

namespace basisbench {

class EventCursor {
 public:
  EventCursor(Store& store, WatchHub& hub, std::string job_id, uint64_t after)
      : store_(store), hub_(hub), job_id_(std::move(job_id)), after_(after) {}

  // The next event without waiting; nullopt when there is none yet. OUT_OF_RANGE once the job has
  // ended and everything was read; NOT_FOUND when there is no such job.
  absl::StatusOr<std::optional<v1::WatchJobResponse>> TryNext();

 private:
  absl::Status Fill();

  Store& store_;
  WatchHub& hub_;
  const std::string job_id_;
  uint64_t after_;
  uint64_t progress_seen_ = 0;
  std::deque<v1::WatchJobResponse> page_;
};

}  // namespace basisbench
