// SPDX-License-Identifier: Apache-2.0
// Turns the scheduler's decisions into messages to workers, and what workers say into events for
// the scheduler, the store and the watchers. All of it is one state machine behind one mutex, which
// is never held while waiting: writes are asynchronous and come back as calls, messages are queued
// by the links.
//
// The order that makes it safe: an attempt is in the store before its members hear of it; a record
// is in the store before it is acknowledged; the end of an attempt is in the store before its job
// moves on.
//
// Owned by Coordinator. Thread-safe. Store, hub and checker must outlive it; the store must be
// stopped before it goes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/worker.pb.h"
#include "services/base/clock.h"
#include "services/coordinator/attempt.h"
#include "services/coordinator/case_checker.h"
#include "services/coordinator/lease_table.h"
#include "services/coordinator/probe.h"
#include "services/coordinator/scheduler.h"
#include "services/coordinator/store.h"
#include "services/coordinator/store_changes.h"
#include "services/coordinator/watch_hub.h"
#include "services/coordinator/worker_registry.h"

namespace basisbench {

class AttemptDirector {
 public:
  using JobDone = std::function<void(absl::StatusOr<v1::Job>)>;

  AttemptDirector(Store& store, WatchHub& hub, CaseChecker& checker, CoordinatorProbe& probe,
                  const Clock& clock, absl::Duration lease);

  // Takes up the jobs of the store; before the first worker attaches.
  absl::Status Recover();

  // --- Workers ---
  // The first message of a stream. On OK, `link` has been sent Registered and belongs to that
  // worker from now on. INVALID_ARGUMENT names the field; ALREADY_EXISTS when another live daemon
  // holds the name.
  absl::Status Attach(std::shared_ptr<WorkerLink> link, const v1::Register& registration);
  // Any later message. `handled` is called once its effects are durable, from any thread.
  void Receive(const std::string& worker, const WorkerLink* link, const v1::AttachRequest& message,
               std::function<void()> handled);
  // The stream is over.
  void Detach(const std::string& worker, const WorkerLink* link);

  // --- Jobs ---
  // A job is in the store and waits.
  void JobQueued(const ActiveJob& job);
  void Cancel(const std::string& job_id, JobDone done);

  // Lets time pass: leases, deadlines, retries. To be called several times per second.
  void Tick();

  absl::StatusOr<v1::ListWorkersResponse> ListWorkers(const v1::ListWorkersRequest& request);
  ClusterView View(const std::string& backend);
  // Whether a gang of `ranks` could start now, as a sentence for people.
  std::string Fit(const std::string& backend, uint32_t ranks);
  // Adds to the detail of a queued job why the workers that are there cannot take it.
  void ExplainWaiting(v1::Job& job);
  std::shared_ptr<const Catalogue> catalogue();

 private:
  // A member that is alive but does not do what it was told within this time is treated as lost.
  static constexpr absl::Duration kMemberDeadline = absl::Seconds(30);

  // --- attempt_director.cc: jobs become attempts ---
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Begin(const StartDecision& decision) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Stored(const std::string& attempt_id, absl::StatusOr<AttemptWork> work);
  void SendStart(Attempt& attempt) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerCancelled(const v1::Job& requested, const JobDone& done);
  void Erase(const std::string& attempt_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DeadlinePassed(const std::string& attempt_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- attempt_director_endings.cc ---
  void Abort(Attempt& attempt, v1::AttemptEnd ending, const std::string& detail, bool lost)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MemberReleased(Attempt& attempt, const std::string& worker)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The attempt has let go of the worker, which takes new work unless another attempt has it.
  void LetGo(Attempt& attempt, const std::string& worker) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CheckReleased(Attempt& attempt) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StoreEnding(Attempt& attempt, std::optional<CaseFailure> failure)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndingStored(const std::string& attempt_id, bool by_leader);
  void JobGoesOn(const Attempt& attempt) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndJobNow(const std::string& job_id, const JobEnding& ending)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- attempt_director_messages.cc ---
  void Dispatch(const std::string& worker, WorkerRecord& record, const v1::AttachRequest& message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnPrepared(const std::string& worker, const v1::Prepared& prepared)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnResult(const std::string& worker, const v1::ReportResult& report,
                std::function<void()> handled) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnFinished(const std::string& worker, const v1::AttemptFinished& finished)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RecordStored(const std::string& worker, const v1::CaseResult& result,
                    const Recorded& recorded);
  void Acknowledge(const std::string& worker, const std::string& attempt_id,
                   std::optional<uint32_t> case_index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- attempt_director_workers.cc ---
  void Rejoin(const std::string& worker, const std::set<std::string>& listed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ResendStart(Attempt& attempt) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives a worker up and ends its stream, if it has one, with the reason.
  void LoseWorker(const std::string& worker, const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MemberLost(Attempt& attempt, const std::string& worker)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Attempt* FindAttemptOf(const std::string& attempt_id, const std::string& member)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendTo(const std::string& worker, v1::AttachResponse message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Why no gang of the workers that are there could ever have these ranks; empty when one could.
  std::string Unfit(const std::string& backend, uint32_t ranks)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AllAttached(const Attempt& attempt) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Runs the change, then `then` with its status, off the mutex, on the store's thread.
  void Write(Store::Change change, std::function<void(absl::Status)> then);

  Store& store_;
  WatchHub& hub_;
  CaseChecker& checker_;
  CoordinatorProbe& probe_;
  const Clock& clock_;
  const absl::Duration lease_;

  absl::Mutex mutex_;
  Scheduler scheduler_ ABSL_GUARDED_BY(mutex_);
  WorkerRegistry registry_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::unique_ptr<Attempt>> attempts_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::string> attempt_of_job_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::set<std::string>> attempts_of_worker_
      ABSL_GUARDED_BY(mutex_);
  LeaseTable deadlines_ ABSL_GUARDED_BY(mutex_);  // by attempt
  std::set<std::string> cancelling_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace basisbench
