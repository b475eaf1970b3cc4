// SPDX-License-Identifier: Apache-2.0
// A director over a real store, with a clock that the test moves and workers that are recorded
// messages. It can crash: what was committed by then is all that the next director finds.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/base/log.h"
#include "services/coordinator/attempt_director.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_worker_link.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/catalogue_support.h"
#include "tests/unit/services/coordinator/store_support.h"

namespace basisbench {

using Link = std::shared_ptr<FakeWorkerLink>;

inline v1::Register RegistrationOf(const std::string& worker, uint32_t slots,
                                   const std::vector<std::string>& attempts = {},
                                   const std::string& incarnation = "1") {
  v1::Register registration;
  registration.set_worker(worker);
  registration.set_incarnation(incarnation);
  registration.set_address("127.0.0.1");
  registration.set_launch_port(1);
  registration.set_slots(slots);
  *registration.mutable_catalogue() = SmallCatalogue();
  for (const std::string& attempt : attempts) registration.add_attempts(attempt);
  return registration;
}

inline v1::AttachRequest PreparedOf(const std::string& attempt, const std::string& error = "") {
  v1::AttachRequest message;
  message.mutable_prepared()->set_attempt_id(attempt);
  message.mutable_prepared()->set_error(error);
  return message;
}

inline v1::AttachRequest ResultOf(const std::string& attempt, const NewJob& job, uint32_t index,
                                  v1::Outcome outcome = v1::OUTCOME_OK) {
  v1::AttachRequest message;
  message.mutable_result()->set_attempt_id(attempt);
  *message.mutable_result()->mutable_result() = RecordOf(job, index, outcome);
  return message;
}

inline v1::AttachRequest FinishedOf(const std::string& attempt, v1::AttemptEnd end,
                                    std::optional<uint32_t> case_index = std::nullopt) {
  v1::AttachRequest message;
  message.mutable_finished()->set_attempt_id(attempt);
  message.mutable_finished()->set_end(end);
  message.mutable_finished()->set_detail("as the daemon tells it");
  if (case_index.has_value()) message.mutable_finished()->set_case_index(*case_index);
  return message;
}

inline v1::AttachRequest ReleasedOf(const std::string& attempt) {
  v1::AttachRequest message;
  message.mutable_released()->set_attempt_id(attempt);
  return message;
}

// Messages of one kind that a worker was sent.
inline std::vector<v1::AttachResponse> SentOf(const Link& link,
                                              v1::AttachResponse::MessageCase kind) {
  std::vector<v1::AttachResponse> some;
  for (v1::AttachResponse& message : link->sent()) {
    if (message.message_case() == kind) some.push_back(std::move(message));
  }
  return some;
}

// In memory where that is possible: what is on disk is the store's own test.
class MemoryFolder {
 public:
  MemoryFolder() {
    std::string pattern = "/dev/shm/basisbench-director-XXXXXX";
    const char* made = ::mkdtemp(pattern.data());
    if (made != nullptr) path_ = made;
  }
  ~MemoryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;

  const std::string& path() const { return path_.empty() ? on_disk_.path() : path_; }

 private:
  std::string path_;
  TemporaryFolder on_disk_;
};

class DirectorWorld {
 public:
  static constexpr absl::Duration kLease = absl::Seconds(5);

  DirectorWorld() {
    SetLogLevel(LogLevel::kError);
    Start();
  }
  ~DirectorWorld() { Stop(); }

  // The process is killed after what has been committed so far, and started again.
  void Crash() {
    const std::string from = path();
    ++life_;
    const std::string to = path();
    EXPECT_THAT(store_->ApplyAndWait([&](Database&) {
      // Inside a transaction nothing else is being written.
      std::error_code error;
      for (const char* part : {"", "-wal"})
        std::filesystem::copy_file(absl::StrCat(from, part), absl::StrCat(to, part), error);
      return absl::OkStatus();
    }),
                IsOk());
    Stop();
    std::error_code ignored;
    for (const char* part : {"", "-wal", "-shm", ".lock"})
      std::filesystem::remove(absl::StrCat(from, part), ignored);
    Start();
  }

  // Lets what is under way in the store come to its end: each write may lead to the next.
  void Settle(int rounds = 8) {
    for (int i = 0; i < rounds; ++i)
      EXPECT_THAT(store_->ApplyAndWait([](Database&) { return absl::OkStatus(); }), IsOk());
  }

  absl::Status TryAttach(const Link& link, const v1::Register& registration) {
    return director().Attach(link, registration);
  }
  Link Attach(const std::string& worker, uint32_t slots,
              const std::vector<std::string>& attempts = {}, const std::string& incarnation = "1") {
    auto link = std::make_shared<FakeWorkerLink>();
    EXPECT_THAT(TryAttach(link, RegistrationOf(worker, slots, attempts, incarnation)), IsOk());
    Settle();
    return link;
  }
  void Detach(const std::string& worker, const Link& link) {
    director().Detach(worker, link.get());
    Settle();
  }

  // Says it and lets it take effect.
  void Say(const std::string& worker, const Link& link, const v1::AttachRequest& message) {
    director().Receive(worker, link.get(), message, [] {});
    Settle();
  }

  // As the submitter does it.
  void Queue(const NewJob& made) {
    store_->Apply([made](Database& database) { return InsertJob(database, made).status(); },
                  [this, made](absl::Status status) {
                    EXPECT_THAT(status, IsOk());
                    ActiveJob active;
                    active.id = made.job.id();
                    active.state = v1::JOB_STATE_QUEUED;
                    active.submit_ns = NanosFromTimestamp(made.job.submit_time());
                    active.max_attempts = made.job.spec().max_attempts();
                    if (!made.job.spec().backend().empty())
                      active.backend = made.job.spec().backend();
                    for (const v1::Case& item : made.cases) ++active.remaining[item.ranks()];
                    director().JobQueued(active);
                  },
                  OnFull::kRefuse);
  }
  NewJob Submit(const std::string& id, const std::vector<uint32_t>& ranks,
                uint32_t max_attempts = 3) {
    NewJob made = NewJobOf(id, ranks);
    made.job.mutable_spec()->set_max_attempts(max_attempts);
    Queue(made);
    Settle();
    return made;
  }

  absl::StatusOr<v1::Job> Cancel(const std::string& job) {
    absl::StatusOr<v1::Job> answer = absl::UnknownError("not answered");
    absl::Notification answered;
    director().Cancel(job, [&](absl::StatusOr<v1::Job> result) {
      answer = std::move(result);
      answered.Notify();
    });
    EXPECT_TRUE(answered.WaitForNotificationWithTimeout(absl::Seconds(30)));
    Settle();
    return answer;
  }

  // Time passes, while these workers give signs of life.
  void Pass(absl::Duration time, const std::vector<std::pair<std::string, Link>>& alive = {}) {
    v1::AttachRequest keep_alive;
    keep_alive.mutable_keep_alive();
    for (; time > absl::ZeroDuration(); time -= kLease / 5) {
      clock_.Advance(std::min(time, kLease / 5));
      for (const auto& [worker, link] : alive)
        director().Receive(worker, link.get(), keep_alive, [] {});
      director().Tick();
    }
    Settle();
  }

  v1::Job Job(const std::string& id) {
    absl::StatusOr<v1::Job> job = store_->GetJob(id);
    EXPECT_THAT(job, IsOk());
    return job.value_or(v1::Job());
  }
  std::vector<v1::CaseResult> Results(const std::string& id) {
    v1::ListResultsRequest request;
    request.set_job_id(id);
    request.set_page_size(1000);
    absl::StatusOr<v1::ListResultsResponse> page = store_->ListResults(request);
    EXPECT_THAT(page, IsOk());
    if (!page.ok()) return {};
    return {page->results().begin(), page->results().end()};
  }
  std::vector<v1::Outcome> Outcomes(const std::string& id) {
    std::vector<v1::Outcome> outcomes;
    for (const v1::CaseResult& result : Results(id)) outcomes.push_back(result.outcome());
    return outcomes;
  }

  AttemptDirector& director() { return *director_; }
  Store& store() { return *store_; }
  FakeClock& clock() { return clock_; }
  WatchHub& hub() { return *hub_; }
  CaseChecker& checker() { return *checker_; }

 private:
  std::string path() const { return absl::StrCat(folder_.path(), "/store-", life_, ".db"); }

  void Start() {
    absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open(path());
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    hub_ = std::make_unique<WatchHub>();
    checker_ = std::make_unique<CaseChecker>();
    director_ =
        std::make_unique<AttemptDirector>(*store_, *hub_, *checker_, probe_, clock_, kLease);
    ASSERT_THAT(director_->Recover(), IsOk());
    Settle();
  }
  void Stop() {
    store_->Stop();
    director_.reset();
    hub_.reset();
    checker_.reset();
    store_.reset();
  }

  MemoryFolder folder_;
  int life_ = 0;
  FakeClock clock_;
  MetricSet metrics_;
  CoordinatorProbe probe_{metrics_};
  std::unique_ptr<Store> store_;
  std::unique_ptr<WatchHub> hub_;
  std::unique_ptr<CaseChecker> checker_;
  std::unique_ptr<AttemptDirector> director_;
};

}  // namespace basisbench
