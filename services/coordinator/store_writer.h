// SPDX-License-Identifier: Apache-2.0
// The only thread that writes the store. Changes that arrive while it is busy share the next
// transaction, so that many callers pay one fsync together. Owned by Store. Thread-safe.
//
// When the store cannot be written, changes of kind kRefuse fail with RESOURCE_EXHAUSTED at once,
// or UNAVAILABLE when another process holds the file's lock; those of kind kRetry keep their order
// and are tried again until they succeed or the writer stops. It recovers by itself.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/coordinator/sqlite.h"

namespace basisbench {

enum class OnFull { kRefuse, kRetry };

class StoreWriter {
 public:
  // Runs inside a transaction on the writer's thread. It may run more than once, after a roll-back:
  // it must set its outputs afresh each time.
  using Change = std::function<absl::Status(Database&)>;
  // Called once on the writer's thread, after the commit or with the reason there was none. Must
  // not wait for another change.
  using Done = std::function<void(absl::Status)>;

  explicit StoreWriter(Database& database);
  ~StoreWriter();

  // Commits what is queued, as far as the disk allows, and ends the thread. Changes of kind kRetry
  // that arrive later, or cannot be written now, are dropped without a call of `done`: the process
  // is ending, and what they belong to was not acknowledged. Idempotent; not for the writer's own
  // thread.
  void Stop();

  // Refusing may call `done` before this returns, on the caller's thread; kRetry never does.
  void Apply(Change change, Done done, OnFull on_full);

  // OK when the last transaction was committed. Found out anew several times per second while it is
  // not.
  absl::Status Health() const;

 private:
  struct Entry {
    Change change;
    Done done;
    OnFull on_full;
    absl::Status result;
  };

  void Loop();
  // Nullopt when nothing is left to do.
  std::optional<std::vector<Entry>> TakeBatch();
  void Answer(std::vector<Entry>& batch);
  bool ReadyToWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CommitTogether(std::vector<Entry>& batch);
  void CommitApart(std::vector<Entry>& batch);
  absl::Status CommitOne(Entry& entry);
  absl::Status TryWriting();
  void SetHealth(const absl::Status& status);

  Database& database_;
  mutable absl::Mutex mutex_;
  std::deque<Entry> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace basisbench
