// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/outbox.h"

#include <unistd.h>

#include <filesystem>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/base/log.h"
#include "workers/daemon/launch_plan.h"

namespace basisbench {
namespace {

constexpr uint64_t kEnding = std::numeric_limits<uint64_t>::max();

std::optional<std::pair<std::string, uint64_t>> KeyOf(const v1::AttachRequest& message) {
  if (message.has_result())
    return {{message.result().attempt_id(), message.result().result().case_().index()}};
  if (message.has_finished()) return {{message.finished().attempt_id(), kEnding}};
  return std::nullopt;
}

}  // namespace

Outbox::Outbox(std::string spool_directory) : directory_(std::move(spool_directory)) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    v1::AttachRequest message;
    const absl::StatusOr<std::string> content = ReadWholeFile(entry.path().string());
    const bool readable = content.ok() && message.ParseFromString(*content);
    const auto key = readable ? KeyOf(message) : std::nullopt;
    // The ending of an earlier process is of no use: the coordinator has learnt from its
    // registration. A record under another name was still being written, and was never taken over.
    if (key && key->second != kEnding && entry.path() == PathOf(*key)) {
      absl::MutexLock lock(&mutex_);
      messages_.emplace(*key, std::move(message));
    } else {
      ::unlink(entry.path().c_str());
    }
  }
}

std::string Outbox::PathOf(const Key& key) const {
  return absl::StrCat(directory_, "/", absl::BytesToHexString(key.first), "-", key.second);
}

v1::AttachRequest Outbox::AddResult(const std::string& attempt_id, const v1::CaseResult& result) {
  v1::AttachRequest message;
  message.mutable_result()->set_attempt_id(attempt_id);
  *message.mutable_result()->mutable_result() = result;
  message.mutable_result()->mutable_result()->set_attempt_id(attempt_id);
  return Add({attempt_id, result.case_().index()}, std::move(message));
}

v1::AttachRequest Outbox::AddFinished(const v1::AttemptFinished& finished) {
  v1::AttachRequest message;
  *message.mutable_finished() = finished;
  return Add({finished.attempt_id(), kEnding}, std::move(message));
}

v1::AttachRequest Outbox::Add(const Key& key, v1::AttachRequest message) {
  absl::MutexLock lock(&mutex_);
  const absl::Status spooled = WritePrivateFile(PathOf(key), message.SerializeAsString());
  if (!spooled.ok()) Log(LogLevel::kWarning, "outbox", spooled.message(), {{"attempt", key.first}});
  messages_[key] = message;
  return message;
}

void Outbox::Forget(const Key& key) {
  if (messages_.erase(key) > 0) ::unlink(PathOf(key).c_str());
}

void Outbox::Acknowledge(const v1::Acknowledged& acknowledged) {
  absl::MutexLock lock(&mutex_);
  Forget({acknowledged.attempt_id(),
          acknowledged.has_case_index() ? acknowledged.case_index() : kEnding});
}

void Outbox::KeepEndingsOf(const std::set<std::string>& attempts) {
  absl::MutexLock lock(&mutex_);
  std::vector<Key> disowned;
  for (const auto& [key, message] : messages_) {
    if (key.second == kEnding && !attempts.contains(key.first)) disowned.push_back(key);
  }
  for (const Key& key : disowned) Forget(key);
}

std::vector<v1::AttachRequest> Outbox::Pending() const {
  absl::MutexLock lock(&mutex_);
  std::vector<v1::AttachRequest> pending;
  for (const auto& [key, message] : messages_) pending.push_back(message);
  return pending;
}

std::vector<std::string> Outbox::EndedAttempts() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> attempts;
  for (const auto& [key, message] : messages_) {
    if (key.second == kEnding) attempts.push_back(key.first);
  }
  return attempts;
}

}  // namespace basisbench
