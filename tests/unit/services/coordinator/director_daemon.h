// SPDX-License-Identifier: Apache-2.0
// A daemon as the contract describes it, one step at a time: what it holds survives its streams,
// what it spooled survives its process. Shares no code with the real one.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/services/coordinator/director_support.h"

namespace basisbench {

class DirectorDaemon {
 public:
  struct Held {
    bool leads = false;
    bool started = false;
    std::vector<std::string> members;
    std::deque<v1::Case> cases;
  };

  DirectorDaemon(DirectorWorld& world, std::string name, uint32_t slots)
      : world_(world), name_(std::move(name)), slots_(slots) {}

  const std::string& name() const { return name_; }
  bool attached() const { return link_ != nullptr; }
  bool idle() const { return held_.empty() && spool_.empty(); }
  // What it holds and has not got rid of, for people.
  std::string Describe() const {
    std::string text = name_;
    for (const auto& [id, held] : held_)
      absl::StrAppend(&text, " holds ", id, held.leads ? " as leader" : "",
                      held.started ? " started" : "");
    for (const auto& [key, message] : spool_)
      absl::StrAppend(&text, " spools ", key.first, "/", message.ShortDebugString());
    return text;
  }
  bool Holds(const std::string& attempt) const { return held_.count(attempt) > 0; }
  std::map<std::string, Held>& held() { return held_; }
  // What was acknowledged and must therefore be found in the store for ever.
  const std::set<std::pair<std::string, uint32_t>>& durable() const { return durable_; }

  void Attach() {
    std::set<std::string> attempts;
    for (const auto& [id, held] : held_) attempts.insert(id);
    for (const auto& [key, message] : spool_) {
      if (key.second == kEnding) attempts.insert(key.first);
    }
    link_ = std::make_shared<FakeWorkerLink>();
    read_ = 0;
    const absl::Status status =
        world_.TryAttach(link_, RegistrationOf(name_, slots_, {attempts.begin(), attempts.end()},
                                               absl::StrCat(incarnation_)));
    if (!status.ok()) link_ = nullptr;
  }

  // The stream breaks. A coordinator that has crashed hears nothing of it.
  void Disconnect(bool coordinator_lives = true) {
    if (link_ != nullptr && coordinator_lives) world_.director().Detach(name_, link_.get());
    link_ = nullptr;
  }

  // The process is killed, and its ranks with it; another one finds the spool.
  void Die() {
    Disconnect();
    held_.clear();
    ++incarnation_;
  }

  // Nobody was heard for longer than the lease.
  void LoseLease() { held_.clear(); }

  void KeepAlive() {
    v1::AttachRequest message;
    message.mutable_keep_alive();
    Tell(message);
  }

  // Reads one message. False when there is none.
  bool Read() {
    if (link_ == nullptr) return false;
    if (link_->closed().has_value()) {
      Disconnect();
      return false;
    }
    const std::vector<v1::AttachResponse> sent = link_->sent();
    if (read_ == sent.size()) return false;
    Obey(sent[read_++]);
    return true;
  }

  // The leader's ranks measure the next case, or are done.
  void Measure(const std::string& attempt) {
    Held& held = held_.at(attempt);
    if (held.cases.empty()) return Finish(attempt, v1::ATTEMPT_END_COMPLETED);
    v1::AttachRequest message;
    v1::ReportResult& report = *message.mutable_result();
    report.set_attempt_id(attempt);
    *report.mutable_result()->mutable_case_() = held.cases.front();
    report.mutable_result()->set_outcome(v1::OUTCOME_OK);
    Report({attempt, held.cases.front().index()}, message);
    held.cases.pop_front();
  }

  // The leader's ranks are gone.
  void Finish(const std::string& attempt, v1::AttemptEnd end) {
    v1::AttachRequest message = FinishedOf(attempt, end);
    const bool by_a_case = end != v1::ATTEMPT_END_COMPLETED && end != v1::ATTEMPT_END_LAUNCH_FAILED;
    if (const auto held = held_.find(attempt); held != held_.end()) {
      if (by_a_case && !held->second.cases.empty())
        message.mutable_finished()->set_case_index(held->second.cases.front().index());
      held_.erase(held);
    }
    Report({attempt, kEnding}, message);
  }

 private:
  static constexpr uint64_t kEnding = UINT64_MAX;

  void Tell(const v1::AttachRequest& message) {
    if (link_ != nullptr) world_.director().Receive(name_, link_.get(), message, [] {});
  }
  void Report(const std::pair<std::string, uint64_t>& key, const v1::AttachRequest& message) {
    spool_[key] = message;
    Tell(message);
  }

  void Obey(const v1::AttachResponse& message) {
    switch (message.message_case()) {
      case v1::AttachResponse::kRegistered:
        return Registered(message.registered());
      case v1::AttachResponse::kPrepare:
        return Prepare(message.prepare());
      case v1::AttachResponse::kStart:
        return Start(message.start());
      case v1::AttachResponse::kAbort:
        return Abort(message.abort().attempt_id());
      case v1::AttachResponse::kAcknowledged:
        return Acknowledged(message.acknowledged());
      default:
        return;
    }
  }

  void Registered(const v1::Registered& registered) {
    EXPECT_EQ(read_, 1u) << "the first message of a stream";
    const std::set<std::string> adopted(registered.adopted_attempts().begin(),
                                        registered.adopted_attempts().end());
    for (auto held = held_.begin(); held != held_.end();)
      held = adopted.count(held->first) > 0 ? std::next(held) : held_.erase(held);
    for (auto kept = spool_.begin(); kept != spool_.end();) {
      const bool forget = kept->first.second == kEnding && adopted.count(kept->first.first) == 0;
      kept = forget ? spool_.erase(kept) : std::next(kept);
    }
    for (const auto& [key, message] : spool_) Tell(message);
  }

  void Prepare(const v1::PrepareAttempt& prepare) {
    EXPECT_TRUE(held_.empty()) << name_ << " was given " << prepare.attempt_id() << " beside "
                               << held_.begin()->first;
    bool stored = false;
    EXPECT_THAT(world_.store().ApplyAndWait([&](Database& database) {
      stored = FindAttempt(database, prepare.attempt_id()).value().has_value();
      return absl::OkStatus();
    }),
                IsOk());
    EXPECT_TRUE(stored) << "heard of " << prepare.attempt_id() << " before it was durable";
    Held& held = held_[prepare.attempt_id()];
    held.leads = prepare.gang(0).worker() == name_;
    for (const v1::GangMember& member : prepare.gang()) held.members.push_back(member.worker());
    Tell(PreparedOf(prepare.attempt_id()));
  }

  void Start(const v1::StartAttempt& start) {
    const auto held = held_.find(start.attempt_id());
    if (held == held_.end()) return Finish(start.attempt_id(), v1::ATTEMPT_END_LAUNCH_FAILED);
    EXPECT_TRUE(held->second.leads);
    if (held->second.started) return;
    held->second.started = true;
    held->second.cases.assign(start.cases().begin(), start.cases().end());
  }

  void Abort(const std::string& attempt) {
    const auto held = held_.find(attempt);
    if (held != held_.end() && held->second.started) Finish(attempt, v1::ATTEMPT_END_ABORTED);
    held_.erase(attempt);
    Tell(ReleasedOf(attempt));
  }

  void Acknowledged(const v1::Acknowledged& acknowledged) {
    const std::string& attempt = acknowledged.attempt_id();
    if (!acknowledged.has_case_index()) {
      spool_.erase({attempt, kEnding});
      return;
    }
    spool_.erase({attempt, acknowledged.case_index()});
    durable_.emplace(attempt.substr(0, attempt.rfind('-')), acknowledged.case_index());
  }

  DirectorWorld& world_;
  const std::string name_;
  const uint32_t slots_;
  int incarnation_ = 1;
  Link link_;
  size_t read_ = 0;
  std::map<std::string, Held> held_;
  std::map<std::pair<std::string, uint64_t>, v1::AttachRequest> spool_;
  std::set<std::pair<std::string, uint32_t>> durable_;
};

}  // namespace basisbench
