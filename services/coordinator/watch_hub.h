// SPDX-License-Identifier: Apache-2.0
// Wakes those who watch a job when it has changed. Carries no history: watchers read that from the
// store, so a slow one costs nothing here. Only the latest progress of each running job is kept, as
// it is not durable. Thread-safe. Watchers are woken on the hub's own thread, never on the
// caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "basisbench/v1/job.pb.h"

namespace basisbench {

// Why a watcher is woken.
enum class WatchSignal { kChanged, kHeartbeat, kStopping };

// Progress with a number that grows, so that each is shown once.
struct LatestProgress {
  uint64_t version = 0;
  v1::Progress progress;
};

class WatchHub {
 public:
  using Wake = std::function<void(WatchSignal)>;

  // A place in the hub; leaves it when destroyed, after which `wake` is not running and is never
  // called again. Must not be destroyed inside its own wake.
  class Watcher {
   public:
    Watcher(WatchHub* hub, std::string job_id, Wake wake)
        : hub_(hub), job_id_(std::move(job_id)), wake_(std::move(wake)) {}

   private:
    friend class WatchHub;
    WatchHub* hub_;
    const std::string job_id_;
    absl::Mutex mutex_;
    Wake wake_ ABSL_GUARDED_BY(mutex_);
  };
  using Handle = std::unique_ptr<Watcher, std::function<void(Watcher*)>>;

  explicit WatchHub(absl::Duration heartbeat_interval = absl::Seconds(10));
  ~WatchHub();

  // RESOURCE_EXHAUSTED when there are too many watchers.
  absl::StatusOr<Handle> Watch(const std::string& job_id, Wake wake);

  void Changed(const std::string& job_id);
  void SetProgress(const std::string& job_id, const v1::Progress& progress);
  // The job runs no more.
  void DropProgress(const std::string& job_id);
  // Version 0 when there is none.
  LatestProgress Progress(const std::string& job_id) const;

  // Tells every watcher that the coordinator is stopping, and ends the thread. Idempotent.
  void Stop();

 private:
  void Loop();
  void WakeAll(const std::vector<std::shared_ptr<Watcher>>& watchers, WatchSignal signal);
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !changed_.empty();
  }

  const absl::Duration heartbeat_interval_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::set<std::shared_ptr<Watcher>>> watchers_
      ABSL_GUARDED_BY(mutex_);
  size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::string> changed_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, LatestProgress> progress_ ABSL_GUARDED_BY(mutex_);
  uint64_t progress_version_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace basisbench
