// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/attempt_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(20);
// Longer than killing a whole attempt takes.
constexpr absl::Duration kPrepareWait = absl::Seconds(5);
constexpr size_t kMaxName = 128;

// The share of the slots that belongs to this worker in the gang.
absl::StatusOr<uint32_t> SlotsWanted(const v1::PrepareAttempt& prepare, const std::string& worker) {
  for (const v1::GangMember& member : prepare.gang()) {
    if (member.worker() == worker) return member.slots();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("worker ", worker, " is not in the gang of attempt ", prepare.attempt_id()));
}

}  // namespace

AttemptTable::AttemptTable(const AttemptServices& services, std::vector<Slot> slots, Answer answer)
    : services_(services), answer_(std::move(answer)), slots_(std::move(slots)) {
  thread_ = std::jthread([this] { Run(); });
}

AttemptTable::~AttemptTable() {
  Close("the daemon ends");
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
  std::map<std::string, std::shared_ptr<Attempt>> attempts;
  {
    absl::MutexLock lock(&mutex_);
    attempts.swap(attempts_);
  }
}

void AttemptTable::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kLook)) return;
    }
    RemoveDone();
    RetryWaiting();
  }
}

void AttemptTable::RemoveDone() {
  std::vector<std::shared_ptr<Attempt>> done;
  {
    absl::MutexLock lock(&mutex_);
    for (auto entry = attempts_.begin(); entry != attempts_.end();) {
      if (!entry->second->done()) {
        ++entry;
        continue;
      }
      slots_.Give(entry->second->share().numbers);
      done.push_back(std::move(entry->second));
      entry = attempts_.erase(entry);
    }
  }
  // Destroyed here, outside the lock: removing their files takes time.
}

void AttemptTable::RetryWaiting() {
  std::vector<Waiting> waiting;
  {
    absl::MutexLock lock(&mutex_);
    waiting.swap(waiting_);
  }
  for (Waiting& one : waiting) {
    const absl::Status status = TryPrepare(one.prepare);
    if (absl::IsResourceExhausted(status) && absl::Now() < one.deadline) {
      absl::MutexLock lock(&mutex_);
      waiting_.push_back(std::move(one));
    } else {
      Reply(one.prepare, status);
    }
  }
}

void AttemptTable::Reply(const v1::PrepareAttempt& prepare, const absl::Status& status) const {
  v1::Prepared prepared;
  prepared.set_attempt_id(prepare.attempt_id());
  if (!status.ok()) {
    prepared.set_error(std::string(status.message()));
    Log(LogLevel::kWarning, "attempt", "not prepared",
        {{"attempt", prepare.attempt_id()}, {"error", prepared.error()}});
  }
  answer_(prepared);
}

void AttemptTable::Prepare(const v1::PrepareAttempt& prepare) {
  const absl::Status status = TryPrepare(prepare);
  if (!absl::IsResourceExhausted(status)) return Reply(prepare, status);
  absl::MutexLock lock(&mutex_);
  waiting_.push_back({prepare, absl::Now() + kPrepareWait});
}

absl::Status AttemptTable::TryPrepare(const v1::PrepareAttempt& prepare) {
  if (prepare.attempt_id().empty() || prepare.attempt_id().size() > kMaxName ||
      prepare.secret().empty()) {
    return absl::InvalidArgumentError(
        "an attempt needs a name of at most 128 characters and a secret");
  }
  BB_ASSIGN_OR_RETURN(const uint32_t wanted, SlotsWanted(prepare, services_.worker));
  absl::MutexLock lock(&mutex_);
  if (!closed_.empty()) return absl::UnavailableError(closed_);
  if (attempts_.contains(prepare.attempt_id())) return absl::OkStatus();
  if (wanted > slots_.total()) {
    return absl::InvalidArgumentError(
        absl::StrCat(wanted, " slots are wanted, there are ", slots_.total()));
  }
  AttemptShare share;
  BB_ASSIGN_OR_RETURN(share.numbers, slots_.Take(wanted));
  for (const uint32_t slot : share.numbers) share.slots.push_back(slots_.at(slot));
  const std::vector<uint32_t> taken = share.numbers;
  absl::StatusOr<std::unique_ptr<Attempt>> attempt =
      Attempt::Prepare(services_, prepare, std::move(share));
  if (!attempt.ok()) {
    slots_.Give(taken);
    return attempt.status();
  }
  Log(LogLevel::kInfo, "attempt", "prepared",
      {{"attempt", prepare.attempt_id()}, {"job", prepare.job_id()}, {"slots", wanted}});
  attempts_.emplace(prepare.attempt_id(), std::move(*attempt));
  return absl::OkStatus();
}

std::shared_ptr<Attempt> AttemptTable::Find(const std::string& attempt_id) const {
  absl::MutexLock lock(&mutex_);
  const auto found = attempts_.find(attempt_id);
  return found == attempts_.end() ? nullptr : found->second;
}

bool AttemptTable::Start(const v1::StartAttempt& start) {
  const std::shared_ptr<Attempt> attempt = Find(start.attempt_id());
  if (attempt != nullptr) attempt->Start(start);
  return attempt != nullptr;
}

bool AttemptTable::Abort(const std::string& attempt_id, AbortKind kind, const std::string& reason) {
  {
    absl::MutexLock lock(&mutex_);
    std::erase_if(waiting_,
                  [&](const Waiting& one) { return one.prepare.attempt_id() == attempt_id; });
  }
  const std::shared_ptr<Attempt> attempt = Find(attempt_id);
  if (attempt == nullptr) return false;
  return attempt->Abort(kind, reason);
}

void AttemptTable::AbortAllBut(const std::set<std::string>& kept, AbortKind kind,
                               const std::string& reason) {
  for (const std::string& name : Names()) {
    if (!kept.contains(name)) Abort(name, kind, reason);
  }
}

void AttemptTable::Close(const std::string& reason) {
  absl::MutexLock lock(&mutex_);
  closed_ = reason;
}

absl::Status AttemptTable::Launch(const v1::LaunchRequest& request,
                                  const std::function<bool()>& cancelled,
                                  const std::function<bool(const v1::LaunchResponse&)>& report) {
  const std::shared_ptr<Attempt> attempt = Find(request.attempt_id());
  if (attempt == nullptr) {
    return absl::NotFoundError(absl::StrCat("attempt '", request.attempt_id(),
                                            "' is not prepared on worker ", services_.worker));
  }
  return attempt->Launch(request, cancelled, report);
}

std::vector<std::string> AttemptTable::Names() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> names;
  for (const auto& [name, attempt] : attempts_) names.push_back(name);
  return names;
}

uint32_t AttemptTable::slots_used() const {
  absl::MutexLock lock(&mutex_);
  return slots_.total() - slots_.free();
}

}  // namespace basisbench
