// SPDX-License-Identifier: Apache-2.0
// A coordinator's directory in memory. Tests fill it through Add...; thread-safe; never fails on
// its own.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "services/coordinator/directory.h"

namespace basisbench {

class FakeDirectory : public JobDirectory {
 public:
  // Adds or replaces a job and tells its watchers.
  void PutJob(const v1::Job& job) {
    absl::MutexLock lock(&mutex_);
    jobs_[job.id()] = job;
    v1::WatchJobResponse event;
    *event.mutable_job() = job;
    Append(job.id(), event);
  }

  void AddResult(const v1::CaseResult& result) {
    absl::MutexLock lock(&mutex_);
    results_[result.job_id()].push_back(result);
    v1::Job& job = jobs_[result.job_id()];
    job.set_cases_done(job.cases_done() + 1);
    v1::WatchJobResponse event;
    *event.mutable_result() = result;
    Append(result.job_id(), event);
  }

  void SetProgress(const std::string& job_id, const v1::Progress& progress) {
    absl::MutexLock lock(&mutex_);
    progress_[job_id] = {++progress_count_, progress};
  }

  void PutWorker(const v1::WorkerInfo& worker) {
    absl::MutexLock lock(&mutex_);
    workers_[worker.name()] = worker;
  }

  void DeleteJob(const std::string& id) {
    absl::MutexLock lock(&mutex_);
    jobs_.erase(id);
    results_.erase(id);
  }

  void SetReady(absl::Status ready) {
    absl::MutexLock lock(&mutex_);
    ready_ = std::move(ready);
  }

  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request) override {
    absl::MutexLock lock(&mutex_);
    v1::ListJobsResponse response;
    const size_t size = request.page_size() == 0 ? 50 : request.page_size();
    for (auto it = jobs_.rbegin(); it != jobs_.rend(); ++it) {
      if (static_cast<size_t>(response.jobs_size()) == size) break;
      const auto& states = request.states();
      if (!states.empty() &&
          std::find(states.begin(), states.end(), it->second.state()) == states.end())
        continue;
      *response.add_jobs() = it->second;
    }
    return response;
  }

  absl::StatusOr<v1::Job> GetJob(const std::string& job_id) override {
    absl::MutexLock lock(&mutex_);
    const auto it = jobs_.find(job_id);
    if (it == jobs_.end()) return absl::NotFoundError(absl::StrCat("no job '", job_id, "'"));
    return it->second;
  }

  absl::StatusOr<v1::ListResultsResponse> ListResults(
      const v1::ListResultsRequest& request) override {
    absl::MutexLock lock(&mutex_);
    if (jobs_.count(request.job_id()) == 0) {
      return absl::NotFoundError(absl::StrCat("no job '", request.job_id(), "'"));
    }
    v1::ListResultsResponse response;
    for (const v1::CaseResult& result : results_[request.job_id()]) {
      v1::CaseResult& copy = *response.add_results();
      copy = result;
      if (request.omit_samples()) copy.mutable_timing()->clear_samples();
    }
    return response;
  }

  absl::StatusOr<v1::ListWorkersResponse> ListWorkers(
      const v1::ListWorkersRequest& request) override {
    absl::MutexLock lock(&mutex_);
    // Pages of two, so that readers have to follow the token.
    v1::ListWorkersResponse response;
    for (auto it = workers_.upper_bound(request.page_token()); it != workers_.end(); ++it) {
      if (response.workers_size() == 2) {
        response.set_next_page_token(response.workers(1).name());
        break;
      }
      *response.add_workers() = it->second;
    }
    return response;
  }

  v1::ListOperatorsResponse ListOperators() override {
    v1::ListOperatorsResponse response;
    response.add_operators()->set_name("matmul");
    return response;
  }

  absl::StatusOr<v1::ListPresetsResponse> ListPresets(
      const v1::ListPresetsRequest& request) override {
    if (!request.name().empty() && request.name() != "gpt2-small") {
      return absl::NotFoundError(absl::StrCat("no preset '", request.name(), "'"));
    }
    v1::ListPresetsResponse response;
    response.add_presets()->set_name("gpt2-small");
    return response;
  }

  absl::StatusOr<std::unique_ptr<JobEvents>> Watch(const std::string& job_id,
                                                   uint64_t after) override {
    absl::MutexLock lock(&mutex_);
    if (jobs_.count(job_id) == 0) return absl::NotFoundError(absl::StrCat("no job '", job_id, "'"));
    return std::unique_ptr<JobEvents>(new Events(*this, job_id, after));
  }

  absl::Status Ready() override {
    absl::MutexLock lock(&mutex_);
    return ready_;
  }

 private:
  class Events : public JobEvents {
   public:
    Events(FakeDirectory& directory, std::string job_id, uint64_t after)
        : directory_(directory), job_id_(std::move(job_id)), next_(after) {}

    absl::StatusOr<std::optional<v1::WatchJobResponse>> Next(absl::Duration timeout) override {
      absl::MutexLock lock(&directory_.mutex_);
      const auto something = [this] { return HasEvent() || Ended(); };
      if (!directory_.mutex_.AwaitWithTimeout(absl::Condition(&something), timeout))
        return std::nullopt;
      if (next_ < directory_.history_[job_id_].size()) return directory_.history_[job_id_][next_++];
      if (directory_.jobs_.count(job_id_) == 0) return absl::NotFoundError("job deleted");
      if (Ended()) return absl::OutOfRangeError("job has ended");
      const auto& [count, progress] = directory_.progress_[job_id_];
      progress_seen_ = count;
      v1::WatchJobResponse event;
      *event.mutable_progress() = progress;
      return event;
    }

   private:
    bool HasEvent() const {
      return next_ < directory_.history_[job_id_].size() ||
             directory_.progress_[job_id_].first > progress_seen_;
    }
    bool Ended() const {
      const auto it = directory_.jobs_.find(job_id_);
      return it == directory_.jobs_.end() || it->second.state() >= v1::JOB_STATE_SUCCEEDED;
    }

    FakeDirectory& directory_;
    const std::string job_id_;
    uint64_t next_;
    uint64_t progress_seen_ = 0;
  };

  void Append(const std::string& job_id, v1::WatchJobResponse event) {
    std::vector<v1::WatchJobResponse>& history = history_[job_id];
    event.set_sequence(history.size() + 1);
    history.push_back(std::move(event));
  }

  absl::Mutex mutex_;
  std::map<std::string, v1::Job> jobs_;
  std::map<std::string, std::vector<v1::CaseResult>> results_;
  std::map<std::string, std::vector<v1::WatchJobResponse>> history_;
  std::map<std::string, std::pair<uint64_t, v1::Progress>> progress_;
  uint64_t progress_count_ = 0;
  std::map<std::string, v1::WorkerInfo> workers_;
  absl::Status ready_;
};

}  // namespace basisbench
