// SPDX-License-Identifier: Apache-2.0
// What attached workers say.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "services/coordinator/attempt_director.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {
namespace {

// Longest detail of an ending that is kept, and how much of what the ranks wrote last.
constexpr size_t kMaxDetail = 500;
constexpr size_t kMaxTail = 2000;

// Outcome of the case that was executing when an attempt ended so; nothing for endings that are no
// case's fault.
std::optional<v1::Outcome> OutcomeOf(v1::AttemptEnd end) {
  switch (end) {
    case v1::ATTEMPT_END_CRASHED:
      return v1::OUTCOME_CRASHED;
    case v1::ATTEMPT_END_TIMED_OUT:
      return v1::OUTCOME_TIMED_OUT;
    case v1::ATTEMPT_END_RESOURCE_EXHAUSTED:
      return v1::OUTCOME_RESOURCE_EXHAUSTED;
    default:
      return std::nullopt;
  }
}

bool IsInsideCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The beginning and the end of UTF-8 text. Half a character would make a record unreadable.
absl::string_view Head(absl::string_view text, size_t most) {
  size_t end = std::min(text.size(), most);
  while (end < text.size() && end > 0 && IsInsideCharacter(text[end])) --end;
  return text.substr(0, end);
}
absl::string_view Tail(absl::string_view text, size_t most) {
  size_t begin = text.size() - std::min(text.size(), most);
  while (begin > 0 && begin < text.size() && IsInsideCharacter(text[begin])) ++begin;
  return text.substr(begin);
}

// The sentence, and what the ranks wrote last: usually the only trace of a crash.
std::string FailureDetail(const v1::AttemptFinished& finished) {
  const absl::string_view sentence = Head(finished.detail(), kMaxDetail);
  if (finished.output_tail().empty()) return std::string(sentence);
  return absl::StrCat(sentence, "\n", Tail(finished.output_tail(), kMaxTail));
}

// Refuses a record whose case is not of the attempt's world size. Reads every case of the job: for
// records whose attempt is not there to tell.
absl::Status CheckCase(Database& database, const RunningAttempt& attempt,
                       const v1::CaseResult& result) {
  BB_ASSIGN_OR_RETURN(const std::vector<v1::Case> cases,
                      LoadCases(database, attempt.prepare.job_id()));
  const uint32_t index = result.case_().index();
  if (index < cases.size() && cases[index].ranks() == attempt.ranks) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the attempt has no case ", index));
}

// Appends a record that `worker` reports for `result.attempt_id`, whose case is one of the
// attempt's for sure when `given`. Late records of attempts that were given up are as good as
// others, as long as the job goes on.
absl::StatusOr<Recorded> StoreRecord(Database& database, const std::string& worker, bool given,
                                     v1::CaseResult& result) {
  BB_ASSIGN_OR_RETURN(const std::optional<RunningAttempt> attempt,
                      FindAttempt(database, result.attempt_id()));
  if (!attempt.has_value() || attempt->prepare.gang(0).worker() != worker) return Recorded{};
  const v1::Outcome outcome = result.outcome();
  const bool sound = v1::Outcome_IsValid(outcome) && outcome != v1::OUTCOME_UNSPECIFIED &&
                     result.case_().ranks() == attempt->ranks;
  if (!sound) return absl::InvalidArgumentError("the record's outcome or world size is wrong");
  if (!given) BB_RETURN_IF_ERROR(CheckCase(database, *attempt, result));
  result.set_job_id(attempt->prepare.job_id());
  return AppendResult(database, result);
}

}  // namespace

void AttemptDirector::Receive(const std::string& worker, const WorkerLink* link,
                              const v1::AttachRequest& message, std::function<void()> handled) {
  if (message.message_case() == v1::AttachRequest::kChecked) {
    checker_.Answered(worker, message.checked());
    return handled();
  }
  {
    absl::MutexLock lock(&mutex_);
    WorkerRecord* record = registry_.Find(worker);
    const bool current = record != nullptr && record->link.get() == link;
    if (current) {
      record->last_seen = clock_.Now();
      scheduler_.WorkerHeard(worker, record->last_seen);
      if (message.message_case() == v1::AttachRequest::kResult) {
        return OnResult(worker, message.result(), std::move(handled));
      }
      Dispatch(worker, *record, message);
    }
  }
  handled();
}

void AttemptDirector::Dispatch(const std::string& worker, WorkerRecord& record,
                               const v1::AttachRequest& message) {
  switch (message.message_case()) {
    case v1::AttachRequest::kKeepAlive: {
      v1::AttachResponse echo;
      *echo.mutable_keep_alive() = message.keep_alive();
      SendTo(worker, std::move(echo));
      break;
    }
    case v1::AttachRequest::kPrepared:
      OnPrepared(worker, message.prepared());
      break;
    case v1::AttachRequest::kProgress:
      if (Attempt* attempt = FindAttemptOf(message.progress().attempt_id(), worker);
          attempt != nullptr && attempt->phase == AttemptPhase::kRunning) {
        hub_.SetProgress(attempt->job(), message.progress().progress());
      }
      break;
    case v1::AttachRequest::kFinished:
      OnFinished(worker, message.finished());
      break;
    case v1::AttachRequest::kReleased:
      if (Attempt* attempt = FindAttemptOf(message.released().attempt_id(), worker);
          attempt != nullptr && (attempt->phase == AttemptPhase::kAborting ||
                                 attempt->phase == AttemptPhase::kReleasing)) {
        MemberReleased(*attempt, worker);
        Pump();
      }
      break;
    case v1::AttachRequest::kDraining:
      registry_.MarkDraining(record);
      scheduler_.WorkerDraining(worker);
      Log(LogLevel::kInfo, "director", "worker is draining", {{"worker", worker}});
      break;
    case v1::AttachRequest::kRegister:
      record.link->Close(
          absl::InvalidArgumentError("register: may only be the first message of a stream"));
      break;
    default:
      record.link->Close(absl::InvalidArgumentError("message: is empty"));
      break;
  }
}

void AttemptDirector::OnPrepared(const std::string& worker, const v1::Prepared& prepared) {
  Attempt* attempt = FindAttemptOf(prepared.attempt_id(), worker);
  if (attempt == nullptr || attempt->phase != AttemptPhase::kPreparing) return;
  if (!prepared.error().empty()) {
    Abort(
        *attempt, v1::ATTEMPT_END_LAUNCH_FAILED,
        absl::StrCat("worker '", worker, "' cannot prepare: ", Head(prepared.error(), kMaxDetail)),
        /*lost=*/true);
    return;
  }
  attempt->waiting.erase(worker);
  if (!attempt->waiting.empty()) return;
  attempt->phase = AttemptPhase::kRunning;
  deadlines_.Remove(attempt->id());
  SendStart(*attempt);
}

void AttemptDirector::OnResult(const std::string& worker, const v1::ReportResult& report,
                               std::function<void()> handled) {
  const std::string& attempt_id = report.attempt_id();
  auto result = std::make_shared<v1::CaseResult>(report.result());
  auto recorded = std::make_shared<Recorded>();
  result->set_attempt_id(attempt_id);
  const auto found = attempts_.find(attempt_id);
  const bool given =
      found != attempts_.end() && found->second->given.contains(result->case_().index());
  Write(
      [worker, given, result, recorded](Database& database) -> absl::Status {
        *recorded = Recorded{};
        BB_ASSIGN_OR_RETURN(*recorded, StoreRecord(database, worker, given, *result));
        return absl::OkStatus();
      },
      [this, worker, attempt_id, result, recorded,
       handled = std::move(handled)](absl::Status status) {
        if (status.ok()) {
          if (recorded->inserted) RecordStored(worker, *result, *recorded);
        } else {
          Log(LogLevel::kError, "director", "record was refused",
              {{"worker", worker}, {"attempt", attempt_id}, {"error", status.message()}});
        }
        {
          // A record that can never be stored is acknowledged too, or it would be sent for ever.
          absl::MutexLock lock(&mutex_);
          Acknowledge(worker, attempt_id, result->case_().index());
        }
        handled();
      });
}

void AttemptDirector::RecordStored(const std::string& worker, const v1::CaseResult& result,
                                   const Recorded& recorded) {
  probe_.CaseRecorded(result);
  hub_.Changed(result.job_id());
  absl::MutexLock lock(&mutex_);
  if (const auto found = attempts_.find(result.attempt_id()); found != attempts_.end())
    ++found->second->recorded;
  if (!scheduler_.CaseRecorded(result.job_id(), recorded.ranks)) return;
  if (!attempt_of_job_.contains(result.job_id())) EndJobNow(result.job_id(), JobEnding{});
}

void AttemptDirector::OnFinished(const std::string& worker, const v1::AttemptFinished& finished) {
  Attempt* attempt = FindAttemptOf(finished.attempt_id(), worker);
  const bool leads = attempt != nullptr && attempt->leader() == worker;
  if (!leads || attempt->phase == AttemptPhase::kReleasing ||
      attempt->phase == AttemptPhase::kStoring) {
    return Acknowledge(worker, finished.attempt_id(), std::nullopt);
  }
  // Being stored already: acknowledged when that is done.
  if (attempt->phase == AttemptPhase::kEnding) return;
  if (attempt->phase == AttemptPhase::kAborting) {
    Acknowledge(worker, finished.attempt_id(), std::nullopt);
    return MemberReleased(*attempt, worker);
  }
  const bool valid =
      v1::AttemptEnd_IsValid(finished.end()) && finished.end() != v1::ATTEMPT_END_UNSPECIFIED;
  attempt->ending = valid ? finished.end() : v1::ATTEMPT_END_LAUNCH_FAILED;
  attempt->detail = FailureDetail(finished);
  // Ranks die with their peers: what looks like a crash is none when a member is not there, or came
  // back without the attempt.
  const bool whole = AllAttached(*attempt) && attempt->waiting.empty();
  if (OutcomeOf(attempt->ending).has_value() && !whole) attempt->ending = v1::ATTEMPT_END_PEER_LOST;
  std::optional<CaseFailure> failure;
  const std::optional<v1::Outcome> outcome = OutcomeOf(attempt->ending);
  if (outcome.has_value() && finished.has_case_index()) {
    failure = {attempt->job(), attempt->id(),   finished.case_index(),
               *outcome,       attempt->detail, ToNanos(clock_.Now())};
  }
  attempt->lost = attempt->ending != v1::ATTEMPT_END_COMPLETED && !failure.has_value();
  StoreEnding(*attempt, std::move(failure));
}

void AttemptDirector::Acknowledge(const std::string& worker, const std::string& attempt_id,
                                  std::optional<uint32_t> case_index) {
  v1::AttachResponse message;
  message.mutable_acknowledged()->set_attempt_id(attempt_id);
  if (case_index.has_value()) message.mutable_acknowledged()->set_case_index(*case_index);
  SendTo(worker, std::move(message));
}

}  // namespace basisbench
