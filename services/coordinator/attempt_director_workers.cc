// SPDX-License-Identifier: Apache-2.0
// Workers come, come back and go.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "services/coordinator/attempt_director.h"
#include "services/coordinator/did_you_mean.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {
namespace {

void SetDuration(absl::Duration from, google::protobuf::Duration& to) {
  to.set_seconds(absl::IDivDuration(from, absl::Seconds(1), &from));
  to.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(from)));
}

}  // namespace

absl::Status AttemptDirector::Attach(std::shared_ptr<WorkerLink> link,
                                     const v1::Register& registration) {
  BB_RETURN_IF_ERROR(ValidateRegistration(registration));
  const std::string& worker = registration.worker();
  absl::MutexLock lock(&mutex_);
  bool draining = false;
  if (WorkerRecord* known = registry_.Find(worker); known != nullptr) {
    const bool same = known->registration.incarnation() == registration.incarnation();
    if (!same && known->link != nullptr) {
      return absl::AlreadyExistsError(absl::StrCat("a live worker is named ", Quote(worker),
                                                   " already (at ", known->registration.address(),
                                                   ")"));
    }
    if (known->link != nullptr) known->link->Close(absl::AbortedError("the worker attached again"));
    // A new process of that name: the old one is dead, and so is what it ran.
    if (!same) LoseWorker(worker, "");
    draining = same && known->draining;
  }
  const absl::Time now = clock_.Now();
  if (registry_.Put(registration, link, now)) {
    v1::OperatorCatalogue all;
    for (const v1::OperatorInfo& info : registry_.catalogue()->operators)
      *all.add_operators() = info;
    Write([all](Database& database) { return SaveOperators(database, all); }, [](absl::Status) {});
  }
  scheduler_.WorkerAttached(worker, {registration.slots(), registry_.Find(worker)->backends}, now);
  if (draining) {
    registry_.MarkDraining(*registry_.Find(worker));
    scheduler_.WorkerDraining(worker);
  }
  v1::AttachResponse response;
  v1::Registered& registered = *response.mutable_registered();
  SetDuration(lease_, *registered.mutable_lease());
  SetDuration(lease_ / 3, *registered.mutable_keep_alive_interval());
  std::set<std::string> listed;
  for (const std::string& attempt_id : registration.attempts()) {
    const Attempt* attempt = FindAttemptOf(attempt_id, worker);
    const bool goes_on = attempt != nullptr && (attempt->phase == AttemptPhase::kRunning ||
                                                attempt->phase == AttemptPhase::kAdopting);
    if (goes_on) registered.add_adopted_attempts(attempt_id);
    listed.insert(attempt_id);
  }
  link->Send(std::move(response));
  Log(LogLevel::kInfo, "director", "worker attached",
      {{"worker", worker},
       {"address", registration.address()},
       {"slots", registration.slots()},
       {"backends", absl::StrJoin(registration.catalogue().backends(), ",")},
       {"adopted", registered.adopted_attempts_size()}});
  Rejoin(worker, listed);
  Pump();
  return absl::OkStatus();
}

// Brings the attempts this worker is a member of in line with what it still has of them.
void AttemptDirector::Rejoin(const std::string& worker, const std::set<std::string>& listed) {
  const auto held = attempts_of_worker_.find(worker);
  if (held == attempts_of_worker_.end()) return;
  for (const std::string& attempt_id : std::set<std::string>(held->second)) {
    Attempt& attempt = *attempts_.at(attempt_id);
    const bool has_it = listed.count(attempt_id) > 0;
    switch (attempt.phase) {
      case AttemptPhase::kPreparing:
        Abort(attempt, v1::ATTEMPT_END_PEER_LOST,
              absl::StrCat("contact to worker '", worker, "' was lost"), true);
        break;
      case AttemptPhase::kRunning:
        // Without the attempt it may be a leader whose last reports are under way: it gets one
        // lease for them.
        if (has_it && worker == attempt.leader()) ResendStart(attempt);
        if (!has_it) {
          attempt.waiting = {worker};
          deadlines_.Set(attempt_id, clock_.Now() + lease_);
        }
        break;
      case AttemptPhase::kAdopting:
        if (has_it) attempt.waiting.erase(worker);
        if (attempt.waiting.empty()) {
          attempt.phase = AttemptPhase::kRunning;
          deadlines_.Remove(attempt_id);
          Log(LogLevel::kInfo, "director", "attempt adopted", {{"attempt", attempt_id}});
          ResendStart(attempt);
        }
        break;
      case AttemptPhase::kAborting:
      case AttemptPhase::kReleasing:
        if (has_it) {
          v1::AttachResponse message;
          message.mutable_abort()->set_attempt_id(attempt_id);
          message.mutable_abort()->set_reason("the attempt is over");
          SendTo(worker, std::move(message));
        } else {
          MemberReleased(attempt, worker);
        }
        break;
      case AttemptPhase::kStoring:
      case AttemptPhase::kEnding:
        break;
    }
  }
}

// The leader may have missed its StartAttempt with the stream that broke; it ignores one it has
// obeyed already.
void AttemptDirector::ResendStart(Attempt& attempt) {
  auto work = std::make_shared<AttemptWork>();
  Write(
      [work, job_id = attempt.job()](Database& database) -> absl::Status {
        BB_ASSIGN_OR_RETURN(work->cases, LoadRemaining(database, job_id));
        BB_ASSIGN_OR_RETURN(std::optional<v1::Job> job, FindJob(database, job_id));
        if (job.has_value()) work->job = *std::move(job);
        return absl::OkStatus();
      },
      [this, work, id = attempt.id()](absl::Status status) {
        absl::MutexLock lock(&mutex_);
        const auto found = attempts_.find(id);
        if (!status.ok() || found == attempts_.end() ||
            found->second->phase != AttemptPhase::kRunning)
          return;
        Attempt& running = *found->second;
        for (v1::Case& item : work->cases) {
          if (item.ranks() != running.ranks) continue;
          running.given.insert(item.index());
          running.cases.push_back(std::move(item));
        }
        running.measurement = work->job.spec().measurement();
        running.expressiveness = work->job.spec().expressiveness();
        // A late record of an earlier attempt may have left it without work: a leader that never
        // got its StartAttempt would wait for ever.
        if (running.cases.empty())
          return Abort(running, v1::ATTEMPT_END_ABORTED, "nothing is left to do", /*lost=*/false);
        SendStart(running);
      });
}

void AttemptDirector::Detach(const std::string& worker, const WorkerLink* link) {
  checker_.Lost(worker, link);
  absl::MutexLock lock(&mutex_);
  WorkerRecord* record = registry_.Find(worker);
  if (record == nullptr || record->link.get() != link) return;
  record->link = nullptr;
  Log(LogLevel::kInfo, "director", "stream of worker ended", {{"worker", worker}});
  // One that said it would leave, and has nothing left to do, is not awaited.
  if (record->draining && !attempts_of_worker_.contains(worker)) {
    LoseWorker(worker, "");
  } else {
    scheduler_.WorkerDetached(worker);
  }
  Pump();
}

void AttemptDirector::LoseWorker(const std::string& worker, const std::string& reason) {
  // Otherwise it could believe that it is still attached.
  if (WorkerRecord* record = registry_.Find(worker); record != nullptr && record->link != nullptr)
    record->link->Close(absl::DeadlineExceededError(reason));
  registry_.Remove(worker);
  scheduler_.WorkerGone(worker);
  const auto held = attempts_of_worker_.find(worker);
  if (held == attempts_of_worker_.end()) return;
  for (const std::string& attempt_id : std::set<std::string>(held->second)) {
    const auto found = attempts_.find(attempt_id);
    if (found != attempts_.end()) MemberLost(*found->second, worker);
  }
}

void AttemptDirector::MemberLost(Attempt& attempt, const std::string& worker) {
  attempt.alive.erase(worker);
  switch (attempt.phase) {
    case AttemptPhase::kStoring:
    case AttemptPhase::kPreparing:
    case AttemptPhase::kRunning:
    case AttemptPhase::kAdopting:
      Abort(attempt, v1::ATTEMPT_END_PEER_LOST, absl::StrCat("worker '", worker, "' was lost"),
            /*lost=*/attempt.phase != AttemptPhase::kAdopting);
      break;
    case AttemptPhase::kAborting:
    case AttemptPhase::kReleasing:
      if (attempt.waiting.erase(worker) > 0) CheckReleased(attempt);
      break;
    case AttemptPhase::kEnding:
      break;
  }
}

absl::StatusOr<v1::ListWorkersResponse> AttemptDirector::ListWorkers(
    const v1::ListWorkersRequest& request) {
  absl::MutexLock lock(&mutex_);
  return registry_.List(request, [this](const std::string& worker, v1::WorkerInfo& info) {
    mutex_.AssertHeld();
    const auto held = attempts_of_worker_.find(worker);
    if (held == attempts_of_worker_.end()) return;
    uint32_t used = 0;
    for (const std::string& attempt_id : held->second) {
      info.add_attempts(attempt_id);
      for (const v1::GangMember& member : attempts_.at(attempt_id)->prepare.gang()) {
        if (member.worker() == worker) used += member.slots();
      }
    }
    info.set_slots_used(used);
  });
}

Attempt* AttemptDirector::FindAttemptOf(const std::string& attempt_id, const std::string& member) {
  const auto held = attempts_of_worker_.find(member);
  if (held == attempts_of_worker_.end() || held->second.count(attempt_id) == 0) return nullptr;
  const auto found = attempts_.find(attempt_id);
  return found == attempts_.end() ? nullptr : found->second.get();
}

void AttemptDirector::SendTo(const std::string& worker, v1::AttachResponse message) {
  WorkerRecord* record = registry_.Find(worker);
  if (record != nullptr && record->link != nullptr) record->link->Send(std::move(message));
}

bool AttemptDirector::AllAttached(const Attempt& attempt) {
  for (const v1::GangMember& member : attempt.prepare.gang()) {
    const WorkerRecord* record = registry_.Find(member.worker());
    if (record == nullptr || record->link == nullptr) return false;
  }
  return true;
}

}  // namespace basisbench
