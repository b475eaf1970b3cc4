// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/attempt_director.h"

#include <openssl/rand.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/backends.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {
namespace {

constexpr size_t kSecretBytes = 32;

std::string NewSecret() {
  std::string secret(kSecretBytes, '\0');
  // Fails only when the system has no randomness at all; tokens signed with zeros must not exist
  // then.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()),
                 static_cast<int>(secret.size())) != 1)
    std::abort();
  return secret;
}

}  // namespace

AttemptDirector::AttemptDirector(Store& store, WatchHub& hub, CaseChecker& checker,
                                 CoordinatorProbe& probe, const Clock& clock, absl::Duration lease)
    : store_(store),
      hub_(hub),
      checker_(checker),
      probe_(probe),
      clock_(clock),
      lease_(lease),
      scheduler_(lease) {}

void AttemptDirector::Write(Store::Change change, std::function<void(absl::Status)> then) {
  const absl::Time begun = absl::Now();
  store_.Apply(std::move(change), [this, begun, then = std::move(then)](absl::Status status) {
    probe_.StoreWritten(absl::Now() - begun, status);
    then(std::move(status));
  });
}

absl::Status AttemptDirector::Recover() {
  BB_ASSIGN_OR_RETURN(const std::vector<ActiveJob> jobs, store_.LoadActiveJobs());
  BB_ASSIGN_OR_RETURN(const std::vector<RunningAttempt> attempts, store_.LoadRunningAttempts());
  BB_ASSIGN_OR_RETURN(const v1::OperatorCatalogue operators, store_.LoadOperators());
  absl::MutexLock lock(&mutex_);
  registry_.Restore(operators);
  for (const ActiveJob& job : jobs) {
    scheduler_.AddJob(job);
    if (job.cancel_requested) cancelling_.insert(job.id);
  }
  const absl::Time now = clock_.Now();
  for (const RunningAttempt& running : attempts) {
    auto attempt = std::make_unique<Attempt>();
    attempt->prepare = running.prepare;
    attempt->ranks = running.ranks;
    attempt->phase = AttemptPhase::kAdopting;
    attempt->adopted = true;
    std::vector<std::string> workers;
    for (const v1::GangMember& member : running.prepare.gang()) {
      workers.push_back(member.worker());
      attempts_of_worker_[member.worker()].insert(attempt->id());
    }
    attempt->alive.insert(workers.begin(), workers.end());
    attempt->waiting = attempt->alive;
    scheduler_.Adopt(attempt->job(), workers);
    attempt_of_job_[attempt->job()] = attempt->id();
    deadlines_.Set(attempt->id(), now + lease_);
    attempts_[running.prepare.attempt_id()] = std::move(attempt);
  }
  // Jobs of which only the last step is missing: every case has a record, or they were to be
  // cancelled.
  for (const ActiveJob& job : jobs) {
    if (attempt_of_job_.contains(job.id)) continue;
    if (job.remaining.empty()) {
      EndJobNow(job.id, JobEnding{});
    } else if (job.cancel_requested) {
      EndJobNow(job.id, {v1::OUTCOME_CANCELLED, v1::JOB_STATE_CANCELLED, "cancelled by a user"});
    }
  }
  Log(LogLevel::kInfo, "director", "took up what the store holds",
      {{"jobs", jobs.size()},
       {"attempts", attempts.size()},
       {"operators", operators.operators_size()}});
  return absl::OkStatus();
}

void AttemptDirector::JobQueued(const ActiveJob& job) {
  probe_.JobSubmitted();
  hub_.Changed(job.id);
  absl::MutexLock lock(&mutex_);
  // Cancelled between its commit and this call.
  if (cancelling_.count(job.id) > 0) return;
  scheduler_.AddJob(job);
  Pump();
}

void AttemptDirector::Pump() {
  while (std::optional<StartDecision> decision = scheduler_.NextStart(clock_.Now()))
    Begin(*decision);
  probe_.SetJobs(scheduler_.queued(), attempt_of_job_.size());
}

void AttemptDirector::Begin(const StartDecision& decision) {
  auto attempt = std::make_unique<Attempt>();
  attempt->ranks = decision.ranks;
  v1::PrepareAttempt& prepare = attempt->prepare;
  prepare.set_attempt_id(absl::StrCat(decision.job, "-", decision.attempt));
  prepare.set_job_id(decision.job);
  prepare.set_secret(NewSecret());
  for (const GangSlot& slot : decision.gang) {
    const WorkerRecord* record = registry_.Find(slot.worker);
    v1::GangMember& member = *prepare.add_gang();
    member.set_worker(slot.worker);
    member.set_slots(slot.ranks);
    if (record != nullptr) {
      member.set_address(record->registration.address());
      member.set_launch_port(record->registration.launch_port());
    }
    attempt->alive.insert(slot.worker);
    attempts_of_worker_[slot.worker].insert(prepare.attempt_id());
  }
  attempt_of_job_[decision.job] = prepare.attempt_id();
  const RunningAttempt stored{prepare, decision.ranks};
  const std::string id = prepare.attempt_id();
  attempts_[id] = std::move(attempt);
  auto work = std::make_shared<absl::StatusOr<AttemptWork>>(AttemptWork{});
  Write(
      [stored, work, now_ns = ToNanos(clock_.Now())](Database& database) {
        *work = BeginAttempt(database, stored, now_ns);
        return work->status();
      },
      [this, id, work](absl::Status status) {
        if (!status.ok()) *work = status;
        Stored(id, std::move(*work));
      });
}

void AttemptDirector::Stored(const std::string& attempt_id, absl::StatusOr<AttemptWork> work) {
  absl::MutexLock lock(&mutex_);
  const auto found = attempts_.find(attempt_id);
  if (found == attempts_.end()) return;
  Attempt& attempt = *found->second;
  if (!work.ok()) {
    Log(LogLevel::kWarning, "director", "attempt could not be begun",
        {{"attempt", attempt_id}, {"error", work.status().message()}});
    for (const std::string& worker : std::set<std::string>(attempt.alive)) LetGo(attempt, worker);
    const std::string job = attempt.job();
    Erase(attempt_id);
    // Trying again would fail again; left alone, it would wait for ever.
    EndJobNow(job, {v1::OUTCOME_NOT_RUN, v1::JOB_STATE_FAILED,
                    absl::StrCat("the attempt could not be begun: ", work.status().message())});
    Pump();
    return;
  }
  probe_.AttemptStarted();
  probe_.JobStarted(work->job);
  hub_.Changed(attempt.job());
  attempt.cases = std::move(work->cases);
  for (const v1::Case& item : attempt.cases) attempt.given.insert(item.index());
  attempt.measurement = work->job.spec().measurement();
  attempt.expressiveness = work->job.spec().expressiveness();
  if (attempt.abort_when_stored) {
    attempt.phase = AttemptPhase::kPreparing;
    // Nobody has heard of it: there is nothing to clean up.
    for (const std::string& worker : std::set<std::string>(attempt.alive)) LetGo(attempt, worker);
    Abort(attempt, attempt.ending, attempt.detail, attempt.lost);
    return;
  }
  attempt.phase = AttemptPhase::kPreparing;
  attempt.waiting = attempt.alive;
  deadlines_.Set(attempt_id, clock_.Now() + kMemberDeadline);
  for (const std::string& worker : attempt.alive) {
    v1::AttachResponse message;
    *message.mutable_prepare() = attempt.prepare;
    SendTo(worker, std::move(message));
  }
  Log(LogLevel::kInfo, "director", "attempt prepared",
      {{"attempt", attempt_id},
       {"ranks", attempt.ranks},
       {"cases", attempt.cases.size()},
       {"leader", attempt.leader()}});
}

void AttemptDirector::SendStart(Attempt& attempt) {
  v1::AttachResponse message;
  v1::StartAttempt& start = *message.mutable_start();
  start.set_attempt_id(attempt.id());
  for (v1::Case& item : attempt.cases) *start.add_cases() = std::move(item);
  *start.mutable_measurement() = attempt.measurement;
  start.set_expressiveness(attempt.expressiveness);
  start.set_ranks(attempt.ranks);
  attempt.cases.clear();
  attempt.cases.shrink_to_fit();
  SendTo(attempt.leader(), std::move(message));
}

void AttemptDirector::Cancel(const std::string& job_id, JobDone done) {
  auto job = std::make_shared<absl::StatusOr<v1::Job>>(v1::Job());
  const auto change = [job_id, job](Database& database) {
    *job = RequestCancel(database, job_id);
    return job->status();
  };
  const auto then = [this, job_id, job, done = std::move(done)](absl::Status status) {
    if (!status.ok()) return done(status);
    hub_.Changed(job_id);
    absl::ReleasableMutexLock lock(&mutex_);
    cancelling_.insert(job_id);
    const auto running = attempt_of_job_.find(job_id);
    if (running == attempt_of_job_.end()) {
      EndJobNow(job_id, {v1::OUTCOME_CANCELLED, v1::JOB_STATE_CANCELLED, "cancelled by a user"});
      lock.Release();
      AnswerCancelled(**job, done);
      return;
    }
    Attempt& attempt = *attempts_.at(running->second);
    const bool under_way =
        attempt.phase == AttemptPhase::kAborting || attempt.phase == AttemptPhase::kEnding;
    if (!under_way) Abort(attempt, v1::ATTEMPT_END_ABORTED, "cancelled by a user", /*lost=*/false);
    lock.Release();
    done(std::move(*job));
  };
  store_.Apply(change, then, OnFull::kRefuse);
}

// Reads the job behind the write that ends it. That write may have to wait for the disk; the
// request to cancel is durable already, so that the caller need not.
void AttemptDirector::AnswerCancelled(const v1::Job& requested, const JobDone& done) {
  auto ended = std::make_shared<v1::Job>(requested);
  store_.Apply(
      [ended](Database& database) -> absl::Status {
        BB_ASSIGN_OR_RETURN(std::optional<v1::Job> now, FindJob(database, ended->id()));
        if (now.has_value()) *ended = *std::move(now);
        return absl::OkStatus();
      },
      [ended, done](absl::Status) { done(*ended); }, OnFull::kRefuse);
}

void AttemptDirector::Erase(const std::string& attempt_id) {
  const auto found = attempts_.find(attempt_id);
  if (found == attempts_.end()) return;
  const Attempt& attempt = *found->second;
  for (const v1::GangMember& member : attempt.prepare.gang()) {
    const auto held = attempts_of_worker_.find(member.worker());
    if (held == attempts_of_worker_.end()) continue;
    held->second.erase(attempt_id);
    if (held->second.empty()) attempts_of_worker_.erase(held);
  }
  const auto current = attempt_of_job_.find(attempt.job());
  if (current != attempt_of_job_.end() && current->second == attempt_id)
    attempt_of_job_.erase(current);
  deadlines_.Remove(attempt_id);
  attempts_.erase(found);
}

void AttemptDirector::DeadlinePassed(const std::string& attempt_id) {
  const auto found = attempts_.find(attempt_id);
  if (found == attempts_.end()) return;
  Attempt& attempt = *found->second;
  switch (attempt.phase) {
    case AttemptPhase::kPreparing:
      Abort(attempt, v1::ATTEMPT_END_LAUNCH_FAILED,
            absl::StrCat("worker '", *attempt.waiting.begin(), "' did not prepare in time"),
            /*lost=*/true);
      break;
    case AttemptPhase::kAdopting: {
      const std::string missing = *attempt.waiting.begin();
      for (const std::string& worker : std::set<std::string>(attempt.alive)) {
        if (registry_.Find(worker) != nullptr) continue;
        attempt.alive.erase(worker);
        scheduler_.WorkerGone(worker);
      }
      Abort(
          attempt, v1::ATTEMPT_END_PEER_LOST,
          absl::StrCat("worker '", missing, "' did not come back after the coordinator's restart"),
          /*lost=*/false);
      break;
    }
    case AttemptPhase::kRunning:
      Abort(attempt, v1::ATTEMPT_END_PEER_LOST,
            absl::StrCat("worker '",
                         attempt.waiting.empty() ? attempt.leader() : *attempt.waiting.begin(),
                         "' came back without the attempt"),
            /*lost=*/true);
      break;
    case AttemptPhase::kAborting:
    case AttemptPhase::kReleasing:
      for (const std::string& worker : std::set<std::string>(attempt.waiting)) {
        // Losing the last member erases the attempt.
        LoseWorker(worker, "an aborted attempt was not cleaned up in time");
      }
      break;
    case AttemptPhase::kStoring:
    case AttemptPhase::kEnding:
      break;
  }
}

void AttemptDirector::Tick() {
  const absl::Time now = clock_.Now();
  checker_.Tick(now);
  absl::MutexLock lock(&mutex_);
  for (const std::string& worker : scheduler_.TakeExpired(now)) {
    Log(LogLevel::kWarning, "director", "lease of worker ran out", {{"worker", worker}});
    probe_.WorkerLost();
    LoseWorker(worker, "the lease ran out");
  }
  for (const std::string& attempt : deadlines_.TakeExpired(now)) DeadlinePassed(attempt);
  Pump();
}

ClusterView AttemptDirector::View(const std::string& backend) {
  absl::MutexLock lock(&mutex_);
  return registry_.View(backend);
}

std::string AttemptDirector::Unfit(const std::string& backend, uint32_t ranks) {
  const WorkerPool& pool = scheduler_.pool();
  if (ranks <= pool.slots(backend)) return "";
  const std::vector<std::string> offered = pool.backends();
  if (offered.empty()) return "no worker is attached";
  if (pool.slots(backend) == 0) {
    return absl::StrCat("no worker offers ", backend, "; offered: ", absl::StrJoin(offered, ", "));
  }
  return "no gang of that size exists";
}

std::string AttemptDirector::Fit(const std::string& backend, uint32_t ranks) {
  absl::MutexLock lock(&mutex_);
  const WorkerPool& pool = scheduler_.pool();
  const size_t queued = scheduler_.queued(DeviceOf(backend));
  std::string verdict = Unfit(backend, ranks);
  if (verdict.empty()) {
    const bool now = ranks <= pool.idle_slots(backend) && queued == 0;
    verdict = now ? "can start now" : "waits for its turn";
  }
  return absl::StrCat(verdict, ": ", ranks, " of ", pool.slots(backend), " slots needed, ",
                      pool.idle_slots(backend), " idle, ", queued, " jobs queued");
}

void AttemptDirector::ExplainWaiting(v1::Job& job) {
  if (job.state() != v1::JOB_STATE_QUEUED) return;
  absl::MutexLock lock(&mutex_);
  const JobQueue::Waiting* waits = scheduler_.Waits(job.id());
  if (waits == nullptr) return;
  const std::string reason = Unfit(waits->backend, waits->ranks);
  if (reason.empty()) return;
  const uint64_t slots = scheduler_.pool().slots(waits->backend);
  job.set_detail(absl::StrCat(
      job.detail(), job.detail().empty() ? "" : "; ", "waits: ", reason,
      slots > 0 ? absl::StrCat(": ", waits->ranks, " of ", slots, " slots needed") : ""));
}

std::shared_ptr<const Catalogue> AttemptDirector::catalogue() {
  absl::MutexLock lock(&mutex_);
  return registry_.catalogue();
}

}  // namespace basisbench
