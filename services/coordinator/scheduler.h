// SPDX-License-Identifier: Apache-2.0
// Decides which job runs where and when. Pure: events and the time go in, decisions come out; no
// threads, no clock, no I/O. The owner serialises calls. Decisions cost O(log n) in jobs and
// workers.
//
// A job gets all slots of one world size at once or none, from workers that offer its backend.
// Workers of one device and the jobs for them are a lane; lanes share nothing. The first job of a
// lane that could ever fit holds a reservation: jobs behind it may start only where they leave it
// enough slots, so that it starts, at the latest, when the attempts that run now have ended. Jobs
// too large for the workers present wait without blocking others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "services/base/backends.h"
#include "services/coordinator/job_queue.h"
#include "services/coordinator/lease_table.h"
#include "services/coordinator/store.h"
#include "services/coordinator/worker_pool.h"

namespace basisbench {

// An attempt to be made: the job's cases of `ranks` ranks, on that gang, which is held from now on.
struct StartDecision {
  std::string job;
  uint32_t attempt = 0;  // counts from 1 for each job
  uint32_t ranks = 0;
  std::vector<GangSlot> gang;  // rank order; the first leads
};

// What becomes of a job whose attempt is over.
enum class AfterAttempt {
  kFinished,  // every case has a record
  kRequeued,  // waits for its next attempt
  kGivenUp,   // workers were lost max_attempts times
  kUnknown,   // no such running job
};

class Scheduler {
 public:
  explicit Scheduler(absl::Duration lease) : lease_(lease) {}

  // --- Workers ---
  // Its backends are of one device.
  void WorkerAttached(const std::string& worker, const WorkerOffer& offer, absl::Time now);
  // Its stream broke: takes nothing new, keeps what it holds until its lease runs out.
  void WorkerDetached(const std::string& worker);
  void WorkerDraining(const std::string& worker);
  void WorkerHeard(const std::string& worker, absl::Time now);
  // Forgets the worker; what it held is free.
  void WorkerGone(const std::string& worker);
  // Workers whose lease has run out. They are forgotten already.
  std::vector<std::string> TakeExpired(absl::Time now);
  // A member of a gang has cleaned up and can be used again.
  void Release(const std::string& worker) {
    pool_.Release(worker);
    ForgetBackfilled(worker);
  }
  const WorkerPool& pool() const { return pool_; }

  // --- Jobs ---
  void AddJob(const ActiveJob& job);
  // Takes up an attempt that ran before a restart; the job must have been added. Its workers may
  // attach later.
  void Adopt(const std::string& job, const std::vector<std::string>& workers);
  // Forgets the job. Gangs are not released by this.
  void RemoveJob(const std::string& job);
  // A case has got its record. True when that was the last one of a job that waits: it is to be
  // ended.
  bool CaseRecorded(const std::string& job, uint32_t ranks);
  // The attempt of a job is over; `lost` when it did not end by fault of a case. Its workers stay
  // held until Release.
  AfterAttempt AttemptOver(const std::string& job, bool lost, absl::Time now);

  // --- Decisions ---
  // The next attempt to make; nullopt when nothing can start now.
  std::optional<StartDecision> NextStart(absl::Time now);

  bool IsRunning(const std::string& job) const;
  bool Knows(const std::string& job) const { return jobs_.contains(job); }
  // What the job waits for; null when it does not wait.
  const JobQueue::Waiting* Waits(const std::string& job) const;
  // Jobs that wait, for one device or for all.
  size_t queued(const std::string& device) const;
  size_t queued() const;

 private:
  struct JobEntry {
    ActiveJob job;
    bool running = false;
  };

  // The jobs of one device.
  struct Lane {
    JobQueue queue;
    // The job that holds the reservation, and the workers it could use that were given to jobs
    // behind it since then.
    std::string reserved_for;
    absl::flat_hash_map<std::string, uint32_t> backfilled;  // with their slots
    uint64_t backfilled_slots = 0;                          // the sum
  };

  Lane& LaneOf(const ActiveJob& job) { return lanes_[DeviceOf(job.backend)]; }
  void Enqueue(JobEntry& entry, absl::Time not_before);
  void Dequeue(const JobEntry& entry) { LaneOf(entry.job).queue.Remove(entry.job.id); }
  StartDecision Start(const JobQueue::Waiting& waiting, std::vector<GangSlot> gang);
  std::optional<StartDecision> NextOf(Lane& lane, absl::Time now);
  std::optional<StartDecision> Backfill(Lane& lane, const std::vector<JobQueue::Waiting>& firsts);
  void ForgetBackfilled(const std::string& worker);

  absl::Duration lease_;
  WorkerPool pool_;
  std::map<std::string, Lane> lanes_;  // by device
  LeaseTable leases_;
  absl::flat_hash_map<std::string, JobEntry> jobs_;
};

}  // namespace basisbench
