// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/check_queue.h"

#include <utility>

namespace basisbench {
namespace {

constexpr size_t kMaxWaiting = 256;

}  // namespace

CheckQueue::CheckQueue(Checker& checker, std::function<void(v1::AttachRequest)> answer)
    : checker_(checker), answer_(std::move(answer)) {
  thread_ = std::jthread([this] { Run(); });
}

CheckQueue::~CheckQueue() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void CheckQueue::Add(const v1::CheckCases& check) {
  {
    absl::MutexLock lock(&mutex_);
    if (queue_.size() < kMaxWaiting) {
      queue_.push_back(check);
      return;
    }
  }
  v1::AttachRequest answer;
  answer.mutable_checked()->set_check_id(check.check_id());
  answer.mutable_checked()->set_error("too many checks are waiting on this worker");
  answer_(std::move(answer));
}

void CheckQueue::Run() {
  while (true) {
    v1::CheckCases check;
    {
      absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !queue_.empty();
      };
      mutex_.Await(absl::Condition(&ready));
      if (stopping_) return;
      check = std::move(queue_.front());
      queue_.pop_front();
    }
    v1::CheckRequest request;
    *request.mutable_cases() = check.cases();
    absl::StatusOr<v1::CheckReply> reply = checker_.Check(request);
    v1::AttachRequest answer;
    answer.mutable_checked()->set_check_id(check.check_id());
    if (reply.ok()) {
      *answer.mutable_checked()->mutable_cases() = std::move(*reply->mutable_cases());
    } else {
      answer.mutable_checked()->set_error(std::string(reply.status().message()));
    }
    answer_(std::move(answer));
  }
}

}  // namespace basisbench
