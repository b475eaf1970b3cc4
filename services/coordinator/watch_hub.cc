// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/watch_hub.h"

#include <utility>

namespace basisbench {
namespace {

constexpr size_t kMaxWatchers = 10'000;

}  // namespace

WatchHub::WatchHub(absl::Duration heartbeat_interval)
    : heartbeat_interval_(heartbeat_interval), thread_([this] { Loop(); }) {}

WatchHub::~WatchHub() { Stop(); }

void WatchHub::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<WatchHub::Handle> WatchHub::Watch(const std::string& job_id, Wake wake) {
  auto watcher = std::make_shared<Watcher>(this, job_id, std::move(wake));
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the coordinator is stopping");
  if (count_ >= kMaxWatchers)
    return absl::ResourceExhaustedError("too many watchers; try again later");
  ++count_;
  watchers_[job_id].insert(watcher);
  return Handle(watcher.get(), [this, watcher](Watcher*) {
    {
      absl::MutexLock hub_lock(&mutex_);
      const auto place = watchers_.find(watcher->job_id_);
      place->second.erase(watcher);
      if (place->second.empty()) watchers_.erase(place);
      --count_;
    }
    absl::MutexLock watcher_lock(&watcher->mutex_);
    watcher->wake_ = nullptr;
  });
}

void WatchHub::Changed(const std::string& job_id) {
  absl::MutexLock lock(&mutex_);
  if (watchers_.contains(job_id)) changed_.insert(job_id);
}

void WatchHub::SetProgress(const std::string& job_id, const v1::Progress& progress) {
  absl::MutexLock lock(&mutex_);
  progress_[job_id] = {++progress_version_, progress};
  if (watchers_.contains(job_id)) changed_.insert(job_id);
}

void WatchHub::DropProgress(const std::string& job_id) {
  absl::MutexLock lock(&mutex_);
  progress_.erase(job_id);
}

LatestProgress WatchHub::Progress(const std::string& job_id) const {
  absl::MutexLock lock(&mutex_);
  const auto found = progress_.find(job_id);
  return found == progress_.end() ? LatestProgress{} : found->second;
}

void WatchHub::WakeAll(const std::vector<std::shared_ptr<Watcher>>& watchers, WatchSignal signal) {
  for (const std::shared_ptr<Watcher>& watcher : watchers) {
    absl::MutexLock lock(&watcher->mutex_);
    if (watcher->wake_) watcher->wake_(signal);
  }
}

void WatchHub::Loop() {
  absl::Time next_heartbeat = absl::Now() + heartbeat_interval_;
  while (true) {
    std::vector<std::shared_ptr<Watcher>> changed;
    std::vector<std::shared_ptr<Watcher>> all;
    bool stopping = false;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithDeadline(absl::Condition(this, &WatchHub::HasWork), next_heartbeat);
      stopping = stopping_;
      for (const std::string& job_id : changed_) {
        const auto found = watchers_.find(job_id);
        if (found != watchers_.end())
          changed.insert(changed.end(), found->second.begin(), found->second.end());
      }
      changed_.clear();
      const bool everyone = stopping || absl::Now() >= next_heartbeat;
      for (const auto& [job_id, watchers] : watchers_) {
        if (everyone) all.insert(all.end(), watchers.begin(), watchers.end());
      }
    }
    WakeAll(changed, WatchSignal::kChanged);
    WakeAll(all, stopping ? WatchSignal::kStopping : WatchSignal::kHeartbeat);
    if (stopping) return;
    if (absl::Now() >= next_heartbeat) next_heartbeat = absl::Now() + heartbeat_interval_;
  }
}

}  // namespace basisbench
