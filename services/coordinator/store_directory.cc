// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_directory.h"

#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "services/base/status_macros.h"
#include "services/coordinator/event_cursor.h"

namespace basisbench {
namespace {

class StoredEvents : public JobEvents {
 public:
  StoredEvents(Store& store, WatchHub& hub, const std::string& job_id, uint64_t after)
      : cursor_(store, hub, job_id, after) {}

  absl::Status Join(WatchHub& hub, const std::string& job_id) {
    BB_ASSIGN_OR_RETURN(handle_, hub.Watch(job_id, [this](WatchSignal signal) { Woken(signal); }));
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<v1::WatchJobResponse>> Next(absl::Duration timeout) override {
    const absl::Time deadline = absl::Now() + timeout;
    while (true) {
      // The cursor belongs to this thread; a change that falls between the look and the wait leaves
      // its mark.
      BB_ASSIGN_OR_RETURN(std::optional<v1::WatchJobResponse> event, cursor_.TryNext());
      if (event.has_value()) return event;
      absl::MutexLock lock(&mutex_);
      const auto woken = [this] { return changed_ || stopping_; };
      const bool in_time = mutex_.AwaitWithDeadline(absl::Condition(&woken), deadline);
      if (stopping_) return absl::UnavailableError("the coordinator is stopping");
      if (!in_time) return std::optional<v1::WatchJobResponse>();
      changed_ = false;
    }
  }

 private:
  void Woken(WatchSignal signal) {
    absl::MutexLock lock(&mutex_);
    if (signal == WatchSignal::kChanged) changed_ = true;
    if (signal == WatchSignal::kStopping) stopping_ = true;
  }

  EventCursor cursor_;
  absl::Mutex mutex_;
  bool changed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Last: the hub calls until it is gone.
  WatchHub::Handle handle_;
};

}  // namespace

absl::StatusOr<v1::ListJobsResponse> StoreDirectory::ListJobs(const v1::ListJobsRequest& request) {
  BB_ASSIGN_OR_RETURN(v1::ListJobsResponse response, parts_.store.ListJobs(request));
  for (v1::Job& job : *response.mutable_jobs()) parts_.director.ExplainWaiting(job);
  return response;
}

absl::StatusOr<v1::Job> StoreDirectory::GetJob(const std::string& job_id) {
  BB_ASSIGN_OR_RETURN(v1::Job job, parts_.store.GetJob(job_id));
  parts_.director.ExplainWaiting(job);
  return job;
}

v1::ListOperatorsResponse StoreDirectory::ListOperators() {
  v1::ListOperatorsResponse response;
  const std::shared_ptr<const Catalogue> catalogue = parts_.director.catalogue();
  for (const v1::OperatorInfo& info : catalogue->operators) *response.add_operators() = info;
  return response;
}

absl::StatusOr<v1::ListPresetsResponse> StoreDirectory::ListPresets(
    const v1::ListPresetsRequest& request) {
  v1::ListPresetsResponse response;
  if (!request.name().empty()) {
    BB_ASSIGN_OR_RETURN(const v1::PresetInfo* preset, parts_.presets.Find(request.name()));
    *response.add_presets() = *preset;
    return response;
  }
  for (const v1::PresetInfo& preset : parts_.presets.all()) *response.add_presets() = preset;
  return response;
}

absl::StatusOr<std::unique_ptr<JobEvents>> StoreDirectory::Watch(const std::string& job_id,
                                                                 uint64_t after_sequence) {
  BB_RETURN_IF_ERROR(parts_.store.GetJob(job_id).status());
  auto events = std::make_unique<StoredEvents>(parts_.store, parts_.hub, job_id, after_sequence);
  BB_RETURN_IF_ERROR(events->Join(parts_.hub, job_id));
  return std::unique_ptr<JobEvents>(std::move(events));
}

}  // namespace basisbench
