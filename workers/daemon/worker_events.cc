// SPDX-License-Identifier: Apache-2.0
// What the daemon does with the coordinator's messages and with the events of its attempts.
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/log.h"
#include "workers/daemon/worker.h"

namespace basisbench {

void Worker::Send(v1::AttachRequest message) {
  std::shared_ptr<AttachClient> client;
  {
    absl::MutexLock lock(&mutex_);
    client = client_;
  }
  if (client != nullptr) client->Send(std::move(message));
}

v1::Register Worker::MakeRegistration() {
  v1::Register registration = registration_;
  // An ended attempt whose ending is not acknowledged is still this worker's to report.
  std::set<std::string> attempts;
  for (const std::string& name : attempts_->Names()) attempts.insert(name);
  for (const std::string& name : outbox_->EndedAttempts()) attempts.insert(name);
  for (const std::string& name : attempts) registration.add_attempts(name);
  return registration;
}

std::vector<v1::AttachRequest> Worker::OnRegistered(const v1::Registered& registered) {
  probe_.Attached();
  const std::set<std::string> adopted(registered.adopted_attempts().begin(),
                                      registered.adopted_attempts().end());
  attempts_->AbortAllBut(adopted, AbortKind::kDisowned,
                         "the coordinator did not adopt the attempt");
  outbox_->KeepEndingsOf(adopted);
  std::vector<v1::AttachRequest> first = outbox_->Pending();
  Log(LogLevel::kInfo, "attach", "registered",
      {{"coordinator", options_.coordinator},
       {"adopted", adopted.size()},
       {"resent", first.size()}});
  absl::MutexLock lock(&mutex_);
  if (draining_) first.emplace_back().mutable_draining();
  return first;
}

void Worker::OnMessage(const v1::AttachResponse& message) {
  switch (message.message_case()) {
    case v1::AttachResponse::kPrepare:
      return attempts_->Prepare(message.prepare());
    case v1::AttachResponse::kStart:
      if (attempts_->Start(message.start())) return;
      {
        v1::AttemptFinished finished;
        finished.set_attempt_id(message.start().attempt_id());
        finished.set_end(v1::ATTEMPT_END_LAUNCH_FAILED);
        finished.set_detail(absl::StrCat("the attempt is not prepared on worker ", options_.name));
        return OnFinished(finished);
      }
    case v1::AttachResponse::kAbort:
      // Nothing here means that nothing is left of it.
      if (!attempts_->Abort(message.abort().attempt_id(), AbortKind::kRequested,
                            message.abort().reason())) {
        OnReleased(message.abort().attempt_id());
      }
      return;
    case v1::AttachResponse::kAcknowledged:
      return outbox_->Acknowledge(message.acknowledged());
    case v1::AttachResponse::kCheck:
      return checks_->Add(message.check());
    default:
      return;  // a later coordinator may say more
  }
}

void Worker::OnLeaseLost() {
  Log(LogLevel::kWarning, "attach", "the lease ran out; attempts are killed",
      {{"coordinator", options_.coordinator}});
  attempts_->AbortAllBut({}, AbortKind::kDisowned, "the lease of the coordinator ran out");
}

void Worker::OnRefused(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (refusal_.ok()) refusal_ = status;
}

void Worker::OnResult(const std::string& attempt_id, const v1::CaseResult& result) {
  Send(outbox_->AddResult(attempt_id, result));
}

void Worker::OnProgress(const std::string& attempt_id, const v1::Progress& progress) {
  v1::AttachRequest message;
  message.mutable_progress()->set_attempt_id(attempt_id);
  *message.mutable_progress()->mutable_progress() = progress;
  Send(std::move(message));
}

void Worker::OnActivity(const v1::RankActivity& activity) { probe_.Record(activity); }
void Worker::OnLaunched(absl::Duration duration) { probe_.Launched(duration); }
void Worker::OnRanksChanged(int change) { probe_.RanksChanged(change); }

void Worker::OnFinished(const v1::AttemptFinished& finished) {
  Send(outbox_->AddFinished(finished));
}

void Worker::OnReleased(const std::string& attempt_id) {
  v1::AttachRequest message;
  message.mutable_released()->set_attempt_id(attempt_id);
  Send(std::move(message));
}

}  // namespace basisbench
