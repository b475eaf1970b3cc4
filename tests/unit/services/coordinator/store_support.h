// SPDX-License-Identifier: Apache-2.0
// A store in a folder of its own, and the jobs and records that tests put into it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "gtest/gtest.h"
#include "services/coordinator/store.h"
#include "services/coordinator/store_changes.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "basisbench-store-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A job with one case for each element of `ranks`.
inline NewJob NewJobOf(const std::string& id, const std::vector<uint32_t>& ranks) {
  NewJob made;
  made.job.set_id(id);
  made.job.mutable_spec()->set_name("name of " + id);
  made.job.mutable_spec()->set_max_attempts(3);
  *made.job.mutable_submit_time() = TimestampFromNanos(1'000'000'000'000'000'001);
  for (const uint32_t world : ranks) {
    v1::Case item;
    item.set_index(static_cast<uint32_t>(made.cases.size()));
    item.set_ranks(world);
    item.mutable_operator_()->set_name("matmul");
    made.cases.push_back(item);
  }
  return made;
}

inline v1::CaseResult RecordOf(const NewJob& job, uint32_t index,
                               v1::Outcome outcome = v1::OUTCOME_OK) {
  v1::CaseResult record;
  record.set_job_id(job.job.id());
  *record.mutable_case_() = job.cases.at(index);
  record.set_outcome(outcome);
  record.set_attempt_id("attempt-1");
  if (outcome != v1::OUTCOME_OK) return record;
  record.mutable_timing()->set_batch(7);
  v1::RankSamples& samples = *record.mutable_timing()->add_samples();
  samples.set_rank(0);
  samples.add_seconds(0.25 + index);
  return record;
}

inline RunningAttempt AttemptOf(const std::string& id, const std::string& job, uint32_t ranks,
                                const std::vector<std::string>& workers = {"w1"}) {
  RunningAttempt attempt;
  attempt.prepare.set_attempt_id(id);
  attempt.prepare.set_job_id(job);
  attempt.prepare.set_secret("secret");
  for (const std::string& worker : workers) attempt.prepare.add_gang()->set_worker(worker);
  attempt.ranks = ranks;
  return attempt;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  std::string path() const { return folder_.path() + "/store.db"; }

  // As after the end of the process.
  void Reopen() {
    store_.reset();
    absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open(path());
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  // Runs a change of store_changes.h and returns its value.
  template <typename Change>
  auto Do(Change change) -> decltype(change(std::declval<Database&>())) {
    decltype(change(std::declval<Database&>())) result = absl::UnknownError("did not run");
    const absl::Status status = store_->ApplyAndWait([&](Database& database) -> absl::Status {
      result = change(database);
      if constexpr (std::is_same_v<decltype(result), absl::Status>)
        return result;
      else
        return result.status();
    });
    if (!status.ok()) return status;
    return result;
  }

  absl::StatusOr<v1::Job> Insert(const NewJob& job) {
    return Do([&](Database& database) { return InsertJob(database, job); });
  }
  absl::StatusOr<Recorded> Append(const v1::CaseResult& record) {
    return Do([&](Database& database) { return AppendResult(database, record); });
  }
  absl::StatusOr<AttemptWork> Begin(const RunningAttempt& attempt, int64_t now_ns = 5) {
    return Do([&](Database& database) { return BeginAttempt(database, attempt, now_ns); });
  }
  absl::StatusOr<v1::Job> End(const std::string& job, const JobEnding& ending, int64_t now_ns = 9) {
    return Do([&](Database& database) { return EndJob(database, job, ending, now_ns); });
  }
  std::vector<v1::WatchJobResponse> Events(const std::string& job, uint64_t after = 0) {
    absl::StatusOr<std::vector<v1::WatchJobResponse>> events =
        store_->ReadEvents(job, after, 1'000'000);
    EXPECT_TRUE(events.ok()) << events.status();
    return events.value_or(std::vector<v1::WatchJobResponse>{});
  }
  std::vector<v1::CaseResult> Results(const std::string& job) {
    v1::ListResultsRequest request;
    request.set_job_id(job);
    request.set_page_size(1000);
    absl::StatusOr<v1::ListResultsResponse> page = store_->ListResults(request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return {};
    return {page->results().begin(), page->results().end()};
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace basisbench
