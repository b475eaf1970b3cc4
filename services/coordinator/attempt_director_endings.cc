// SPDX-License-Identifier: Apache-2.0
// How attempts and jobs end: clean-up on every member, the end in the store, then what becomes of
// the job.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "services/coordinator/attempt_director.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {

void AttemptDirector::Abort(Attempt& attempt, v1::AttemptEnd ending, const std::string& detail,
                            bool lost) {
  attempt.ending = ending;
  attempt.detail = detail;
  attempt.lost = lost;
  if (attempt.phase == AttemptPhase::kStoring) {
    attempt.abort_when_stored = true;
    return;
  }
  Log(LogLevel::kInfo, "director", "attempt aborted",
      {{"attempt", attempt.id()}, {"reason", detail}});
  attempt.phase = AttemptPhase::kAborting;
  attempt.waiting = attempt.alive;
  deadlines_.Set(attempt.id(), clock_.Now() + kMemberDeadline);
  for (const std::string& worker : attempt.alive) {
    v1::AttachResponse message;
    message.mutable_abort()->set_attempt_id(attempt.id());
    message.mutable_abort()->set_reason(detail);
    SendTo(worker, std::move(message));
  }
  CheckReleased(attempt);
}

void AttemptDirector::MemberReleased(Attempt& attempt, const std::string& worker) {
  if (attempt.waiting.erase(worker) == 0) return;
  LetGo(attempt, worker);
  CheckReleased(attempt);
}

void AttemptDirector::LetGo(Attempt& attempt, const std::string& worker) {
  attempt.alive.erase(worker);
  // After a restart a worker may be a member of two attempts: one that had lost it, and the next.
  for (const std::string& other : attempts_of_worker_[worker]) {
    if (attempts_.at(other)->alive.count(worker) > 0) return;
  }
  scheduler_.Release(worker);
}

void AttemptDirector::CheckReleased(Attempt& attempt) {
  if (!attempt.waiting.empty()) return;
  if (attempt.phase == AttemptPhase::kAborting) {
    StoreEnding(attempt, std::nullopt);
  } else if (attempt.phase == AttemptPhase::kReleasing) {
    Erase(attempt.id());
  }
}

void AttemptDirector::StoreEnding(Attempt& attempt, std::optional<CaseFailure> failure) {
  const bool by_leader = attempt.phase != AttemptPhase::kAborting;
  attempt.phase = AttemptPhase::kEnding;
  deadlines_.Remove(attempt.id());
  const int64_t now_ns = ToNanos(clock_.Now());
  auto record = std::make_shared<v1::CaseResult>();
  auto recorded = std::make_shared<Recorded>();
  Write(
      [id = attempt.id(), ending = attempt.ending, detail = attempt.detail, failure, record,
       recorded, now_ns](Database& database) -> absl::Status {
        *recorded = Recorded{};
        if (failure.has_value()) {
          BB_ASSIGN_OR_RETURN(*recorded, AppendFailure(database, *failure, *record));
        }
        return EndAttempt(database, id, ending, detail, now_ns);
      },
      [this, id = attempt.id(), by_leader, record, recorded](absl::Status status) {
        if (!status.ok()) {
          Log(LogLevel::kError, "director", "end of attempt could not be stored",
              {{"attempt", id}, {"error", status.message()}});
        }
        if (recorded->inserted) RecordStored("", *record, *recorded);
        EndingStored(id, by_leader);
      });
}

void AttemptDirector::EndingStored(const std::string& attempt_id, bool by_leader) {
  absl::MutexLock lock(&mutex_);
  const auto found = attempts_.find(attempt_id);
  if (found == attempts_.end()) return;
  Attempt& attempt = *found->second;
  probe_.AttemptEnded(attempt.ending);
  Log(LogLevel::kInfo, "director", "attempt ended",
      {{"attempt", attempt_id},
       {"end", v1::AttemptEnd_Name(attempt.ending)},
       {"records", attempt.recorded},
       {"detail", attempt.detail}});
  attempt_of_job_.erase(attempt.job());
  hub_.DropProgress(attempt.job());
  // An attempt that brought nothing would otherwise be repeated for ever. What an adopted one
  // brought before the restart is not known, and there are not many restarts.
  const bool barren = attempt.recorded == 0 && !attempt.adopted;
  if (attempt.ending != v1::ATTEMPT_END_ABORTED && barren) attempt.lost = true;
  JobGoesOn(attempt);
  if (!by_leader) {
    Erase(attempt_id);
  } else {
    Acknowledge(attempt.leader(), attempt_id, std::nullopt);
    attempt.phase = AttemptPhase::kReleasing;
    attempt.waiting = attempt.alive;
    deadlines_.Set(attempt_id, clock_.Now() + kMemberDeadline);
    for (const std::string& worker : attempt.alive) {
      if (worker == attempt.leader()) continue;
      v1::AttachResponse message;
      message.mutable_abort()->set_attempt_id(attempt_id);
      message.mutable_abort()->set_reason("the attempt is over");
      SendTo(worker, std::move(message));
    }
    if (attempt.alive.count(attempt.leader()) > 0) {
      MemberReleased(attempt, attempt.leader());
    } else {
      CheckReleased(attempt);
    }
  }
  Pump();
}

void AttemptDirector::JobGoesOn(const Attempt& attempt) {
  const std::string job_id = attempt.job();
  const AfterAttempt after = scheduler_.AttemptOver(job_id, attempt.lost, clock_.Now());
  if (after == AfterAttempt::kUnknown) return;
  if (after == AfterAttempt::kFinished) {
    EndJobNow(job_id, JobEnding{});
  } else if (cancelling_.count(job_id) > 0) {
    EndJobNow(job_id, {v1::OUTCOME_CANCELLED, v1::JOB_STATE_CANCELLED, "cancelled by a user"});
  } else if (after == AfterAttempt::kGivenUp) {
    const bool worker_lost = attempt.ending == v1::ATTEMPT_END_PEER_LOST;
    EndJobNow(
        job_id,
        {worker_lost ? v1::OUTCOME_WORKER_LOST : v1::OUTCOME_NOT_RUN, v1::JOB_STATE_FAILED,
         absl::StrCat("given up after max_attempts lost attempts; the last: ", attempt.detail)});
  } else {
    const std::string detail = attempt.lost
                                   ? absl::StrCat("waits to be tried again: ", attempt.detail)
                                   : "waits for the next attempt";
    Write([job_id, detail, lost = attempt.lost](
              Database& database) { return RequeueJob(database, job_id, detail, lost).status(); },
          [this, job_id](absl::Status) { hub_.Changed(job_id); });
  }
}

void AttemptDirector::EndJobNow(const std::string& job_id, const JobEnding& ending) {
  scheduler_.RemoveJob(job_id);
  cancelling_.erase(job_id);
  auto job = std::make_shared<absl::StatusOr<v1::Job>>(v1::Job());
  Write(
      [job_id, ending, job, now_ns = ToNanos(clock_.Now())](Database& database) {
        *job = EndJob(database, job_id, ending, now_ns);
        return job->status();
      },
      [this, job_id, job](absl::Status status) {
        if (!status.ok()) *job = status;
        if (job->ok()) {
          probe_.JobEnded(**job);
        } else {
          Log(LogLevel::kError, "director", "end of job could not be stored",
              {{"job", job_id}, {"error", status.message()}});
        }
        hub_.Changed(job_id);
      });
}

}  // namespace basisbench
