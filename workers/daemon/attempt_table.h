// SPDX-License-Identifier: Apache-2.0
// The attempts of this node by name, and its slots. Carries out what the coordinator asks.
// Thread-safe; owned by the worker. A thread of its own removes attempts that are done and answers
// Prepare calls that had to wait for them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "workers/daemon/attempt.h"
#include "workers/daemon/slots.h"

namespace basisbench {

class AttemptTable {
 public:
  // Called with the answer to each Prepare, from any thread.
  using Answer = std::function<void(const v1::Prepared&)>;

  // `services` outlives the table.
  AttemptTable(const AttemptServices& services, std::vector<Slot> slots, Answer answer);
  // Gives up every attempt and waits until nothing of them is left.
  ~AttemptTable();

  // Waits, without blocking the caller, for slots of attempts that are just ending.
  void Prepare(const v1::PrepareAttempt& prepare);
  // False when the attempt is not prepared here.
  bool Start(const v1::StartAttempt& start);
  // False when there is none of that name; then there is nothing to release.
  bool Abort(const std::string& attempt_id, AbortKind kind, const std::string& reason);
  // Every attempt except those named.
  void AbortAllBut(const std::set<std::string>& kept, AbortKind kind, const std::string& reason);
  // Refuses every later Prepare with this reason.
  void Close(const std::string& reason);

  absl::Status Launch(const v1::LaunchRequest& request, const std::function<bool()>& cancelled,
                      const std::function<bool(const v1::LaunchResponse&)>& report);

  std::vector<std::string> Names() const;
  uint32_t slots_used() const;

 private:
  struct Waiting {
    v1::PrepareAttempt prepare;
    absl::Time deadline;
  };

  void Run();
  void RemoveDone();
  void RetryWaiting();
  // RESOURCE_EXHAUSTED when slots are lacking, which may pass.
  absl::Status TryPrepare(const v1::PrepareAttempt& prepare);
  std::shared_ptr<Attempt> Find(const std::string& attempt_id) const;
  void Reply(const v1::PrepareAttempt& prepare, const absl::Status& status) const;

  const AttemptServices& services_;
  const Answer answer_;
  mutable absl::Mutex mutex_;
  SlotTable slots_ ABSL_GUARDED_BY(mutex_);
  // Shared with the launch calls that are inside an attempt.
  std::map<std::string, std::shared_ptr<Attempt>> attempts_ ABSL_GUARDED_BY(mutex_);
  std::vector<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  std::string closed_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace basisbench
