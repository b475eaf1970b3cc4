// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/case_checker.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr size_t kBatch = 1000;
constexpr size_t kMaxRemembered = 50'000;
constexpr absl::Duration kDeadline = absl::Seconds(20);

}  // namespace

std::string CaseKey(const v1::Case& item, const std::string& build) {
  const std::map<std::string, std::string> parameters(item.operator_().parameters().begin(),
                                                      item.operator_().parameters().end());
  std::string key = absl::StrCat(build, "\n", item.operator_().name(), "\n", item.shape().tokens(),
                                 "\n", item.shape().d_in(), "\n", item.shape().d_out(), "\n",
                                 item.dtype(), "\n", item.direction(), "\n");
  absl::StrAppend(&key, item.sharding(), "\n", item.ranks(), "\n", item.grid(), "\n",
                  item.backend(), "\n", item.cache(), "\n", item.input());
  for (const auto& [name, value] : parameters)
    absl::StrAppend(&key, "\n", name, "=", value.size(), ":", value);
  return key;
}

void CaseChecker::Check(const CheckTarget& target, const std::vector<v1::Case>& cases,
                        absl::Time now, Done done) {
  Question question;
  question.answers.resize(cases.size());
  {
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < cases.size(); ++i) {
      question.keys.push_back(CaseKey(cases[i], target.build));
      const auto found = remembered_.find(question.keys.back());
      if (found == remembered_.end()) {
        question.open.push_back(i);
        continue;
      }
      ages_.splice(ages_.begin(), ages_, found->second.age);
      question.answers[i] = found->second.answer;
      question.answers[i].set_index(cases[i].index());
    }
    if (!question.open.empty() && target.link != nullptr) {
      question.worker = target.worker;
      question.build = target.build;
      question.cases = cases;
      question.link = target.link;
      question.done = std::move(done);
      const uint64_t id = next_id_++;
      deadlines_.Set(absl::StrCat(id), now + kDeadline);
      SendBatch(id, questions_.emplace(id, std::move(question)).first->second);
      return;
    }
  }
  if (question.open.empty()) {
    done(std::move(question.answers));
  } else {
    done(absl::UnavailableError(
        "no worker is attached that could check the cases; try again later"));
  }
}

void CaseChecker::SendBatch(uint64_t id, Question& question) {
  question.sent = std::min(kBatch, question.open.size() - question.next);
  v1::AttachResponse message;
  message.mutable_check()->set_check_id(id);
  for (size_t i = 0; i < question.sent; ++i) {
    v1::Case& item = *message.mutable_check()->add_cases();
    item = question.cases[question.open[question.next + i]];
    item.set_index(static_cast<uint32_t>(i));
  }
  question.link->Send(std::move(message));
}

void CaseChecker::Remember(const std::string& key, const v1::CheckedCase& answer) {
  if (remembered_.contains(key)) return;
  ages_.push_front(key);
  remembered_[key] = {answer, ages_.begin()};
  if (remembered_.size() <= kMaxRemembered) return;
  remembered_.erase(ages_.back());
  ages_.pop_back();
}

absl::Status CaseChecker::Take(Question& question, const v1::CasesChecked& answer) {
  if (!answer.error().empty()) {
    return absl::UnavailableError(
        absl::StrCat("worker '", question.worker, "' could not check the cases: ", answer.error()));
  }
  if (static_cast<size_t>(answer.cases_size()) != question.sent) {
    return absl::UnavailableError(absl::StrCat("worker '", question.worker, "' answered ",
                                               answer.cases_size(), " cases of ", question.sent));
  }
  for (size_t i = 0; i < question.sent; ++i) {
    const size_t position = question.open[question.next + i];
    v1::CheckedCase& slot = question.answers[position];
    slot = answer.cases(static_cast<int>(i));
    Remember(question.keys[position], slot);
    slot.set_index(question.cases[position].index());
  }
  question.next += question.sent;
  return absl::OkStatus();
}

void CaseChecker::Answered(const std::string& worker, const v1::CasesChecked& answer) {
  Question finished;
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = questions_.find(answer.check_id());
    if (found == questions_.end() || found->second.worker != worker) return;
    status = Take(found->second, answer);
    if (status.ok() && found->second.next < found->second.open.size()) {
      SendBatch(found->first, found->second);
      return;
    }
    deadlines_.Remove(absl::StrCat(found->first));
    finished = std::move(found->second);
    questions_.erase(found);
  }
  if (status.ok()) {
    finished.done(std::move(finished.answers));
  } else {
    finished.done(status);
  }
}

void CaseChecker::Fail(uint64_t id, const absl::Status& status) {
  Done done;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = questions_.find(id);
    if (found == questions_.end()) return;
    deadlines_.Remove(absl::StrCat(id));
    done = std::move(found->second.done);
    questions_.erase(found);
  }
  done(status);
}

void CaseChecker::Lost(const std::string& worker, const WorkerLink* link) {
  std::vector<uint64_t> lost;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, question] : questions_) {
      const bool over_it = link == nullptr || question.link.get() == link;
      if (question.worker == worker && over_it) lost.push_back(id);
    }
  }
  for (const uint64_t id : lost) {
    Fail(id, absl::UnavailableError(
                 absl::StrCat("worker '", worker, "' was lost while it checked the cases")));
  }
}

void CaseChecker::Tick(absl::Time now) {
  std::vector<std::string> expired;
  {
    absl::MutexLock lock(&mutex_);
    expired = deadlines_.TakeExpired(now);
  }
  for (const std::string& id : expired) {
    uint64_t number = 0;
    if (absl::SimpleAtoi(id, &number)) {
      Fail(number,
           absl::UnavailableError("the runner did not check the cases in time; try again later"));
    }
  }
}

}  // namespace basisbench
