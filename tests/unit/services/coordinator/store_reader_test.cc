// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_reader.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/store_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;

class StoreReaderTest : public StoreTest {
 protected:
  // Every page's job ids, one vector per page.
  std::vector<std::vector<std::string>> Pages(v1::ListJobsRequest request) {
    std::vector<std::vector<std::string>> pages;
    while (pages.size() < 100) {
      const auto page = store_->ListJobs(request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) return pages;
      pages.emplace_back();
      for (const v1::Job& job : page->jobs()) pages.back().push_back(job.id());
      if (page->next_page_token().empty()) return pages;
      request.set_page_token(page->next_page_token());
    }
    ADD_FAILURE() << "the pages do not end";
    return pages;
  }
  std::vector<std::string> All(const v1::ListJobsRequest& request) {
    std::vector<std::string> all;
    for (const auto& page : Pages(request)) all.insert(all.end(), page.begin(), page.end());
    return all;
  }
};

TEST_F(StoreReaderTest, JobsComeNewestFirstInPages) {
  for (int i = 1; i <= 5; ++i) ASSERT_THAT(Insert(NewJobOf(absl::StrCat("j", i), {1})), IsOk());
  v1::ListJobsRequest request;
  request.set_page_size(2);
  EXPECT_THAT(Pages(request),
              ElementsAre(ElementsAre("j5", "j4"), ElementsAre("j3", "j2"), ElementsAre("j1")));
  request.set_page_size(5);
  EXPECT_EQ(All(request).size(), 5u);
}

// A job that arrives between two pages neither shifts nor repeats the ones behind it.
TEST_F(StoreReaderTest, APageTokenStaysGoodWhileJobsArriveAndGo) {
  for (int i = 1; i <= 4; ++i) ASSERT_THAT(Insert(NewJobOf(absl::StrCat("j", i), {1})), IsOk());
  v1::ListJobsRequest request;
  request.set_page_size(2);
  const auto first = store_->ListJobs(request);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(Insert(NewJobOf("j5", {1})), IsOk());
  ASSERT_THAT(End("j3", {v1::OUTCOME_CANCELLED, v1::JOB_STATE_CANCELLED, ""}), IsOk());
  ASSERT_THAT(Do([](Database& database) { return DeleteJob(database, "j3"); }), IsOk());
  request.set_page_token(first->next_page_token());
  const auto second = store_->ListJobs(request);
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->jobs_size(), 2);
  EXPECT_EQ(second->jobs(0).id(), "j2");
  EXPECT_EQ(second->jobs(1).id(), "j1");
}

TEST_F(StoreReaderTest, JobsCanBeFilteredByStateAndLabel) {
  for (int i = 1; i <= 6; ++i) {
    NewJob made = NewJobOf(absl::StrCat("j", i), {1});
    (*made.job.mutable_spec()->mutable_labels())["team"] = i % 2 == 0 ? "a" : "b";
    ASSERT_THAT(Insert(made), IsOk());
  }
  ASSERT_THAT(End("j2", {v1::OUTCOME_CANCELLED, v1::JOB_STATE_CANCELLED, ""}), IsOk());
  ASSERT_THAT(End("j3", {v1::OUTCOME_NOT_RUN, v1::JOB_STATE_FAILED, ""}), IsOk());
  v1::ListJobsRequest ended;
  ended.set_page_size(1);
  ended.add_states(v1::JOB_STATE_FAILED);
  ended.add_states(v1::JOB_STATE_CANCELLED);
  ended.add_states(v1::JOB_STATE_FAILED);
  EXPECT_THAT(All(ended), ElementsAre("j3", "j2"));
  v1::ListJobsRequest labelled;
  labelled.set_page_size(1);
  (*labelled.mutable_labels())["team"] = "a";
  EXPECT_THAT(All(labelled), ElementsAre("j6", "j4", "j2"));
  (*labelled.mutable_labels())["other"] = "";
  EXPECT_TRUE(All(labelled).empty());
}

TEST_F(StoreReaderTest, NamesTheFieldOfAListThatIsWrong) {
  v1::ListJobsRequest jobs;
  jobs.set_page_size(1001);
  EXPECT_THAT(store_->ListJobs(jobs),
              Fails(absl::StatusCode::kInvalidArgument, "page_size: 1001 is more than 1000"));
  jobs.set_page_size(1);
  jobs.add_states(static_cast<v1::JobState>(99));
  EXPECT_THAT(store_->ListJobs(jobs), Fails(absl::StatusCode::kInvalidArgument, "states[0]: 99"));
  v1::ListResultsRequest results;
  results.set_job_id("j1");
  EXPECT_THAT(store_->ListResults(results), Fails(absl::StatusCode::kNotFound, "no job 'j1'"));
  for (const char* token : {"x", "-1", "99999999999999999999"}) {
    results.set_page_token(token);
    EXPECT_THAT(store_->ListResults(results),
                Fails(absl::StatusCode::kInvalidArgument, absl::StrCat("page_token: '", token)));
  }
}

TEST_F(StoreReaderTest, ResultsComeByCaseInPagesWhateverTheOrderOfArrival) {
  const NewJob made = NewJobOf("j1", std::vector<uint32_t>(7, 1));
  ASSERT_THAT(Insert(made), IsOk());
  for (const uint32_t index : {6, 0, 3, 1}) ASSERT_THAT(Append(RecordOf(made, index)), IsOk());
  v1::ListResultsRequest request;
  request.set_job_id("j1");
  request.set_page_size(3);
  const auto first = store_->ListResults(request);
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->results_size(), 3);
  EXPECT_EQ(first->results(2).case_().index(), 3u);
  request.set_page_token(first->next_page_token());
  request.set_omit_samples(true);
  const auto last = store_->ListResults(request);
  ASSERT_THAT(last, IsOk());
  ASSERT_EQ(last->results_size(), 1);
  EXPECT_EQ(last->results(0).case_().index(), 6u);
  EXPECT_EQ(last->results(0).timing().samples_size(), 0);
  EXPECT_EQ(last->results(0).timing().batch(), 7u) << "only the raw samples are left out";
  EXPECT_EQ(last->next_page_token(), "");
}

// However many records a page may have, it stays small enough to be sent.
TEST_F(StoreReaderTest, APageIsBoundedInBytesAndNeverEmpty) {
  const NewJob made = NewJobOf("j1", std::vector<uint32_t>(4, 1));
  ASSERT_THAT(Insert(made), IsOk());
  for (uint32_t index = 0; index < 4; ++index) {
    v1::CaseResult record = RecordOf(made, index);
    record.mutable_timing()->mutable_samples(0)->mutable_seconds()->Resize(400'000, 1.5);
    ASSERT_THAT(Append(record), IsOk());
  }
  v1::ListResultsRequest request;
  request.set_job_id("j1");
  std::vector<uint32_t> seen;
  do {
    const auto page = store_->ListResults(request);
    ASSERT_THAT(page, IsOk());
    ASSERT_EQ(page->results_size(), 1) << "two of 3.2 MB are too much for one message";
    EXPECT_EQ(page->results(0).timing().samples(0).seconds_size(), 400'000);
    seen.push_back(page->results(0).case_().index());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(seen, ElementsAre(0u, 1u, 2u, 3u));
}

TEST_F(StoreReaderTest, EventsAreReadInPiecesWithoutAGap) {
  const NewJob made = NewJobOf("j1", std::vector<uint32_t>(20, 1));
  ASSERT_THAT(Insert(made), IsOk());
  for (uint32_t index = 0; index < 20; ++index) ASSERT_THAT(Append(RecordOf(made, index)), IsOk());
  uint64_t after = 0;
  while (true) {
    const auto events = store_->ReadEvents("j1", after, 6);
    ASSERT_THAT(events, IsOk());
    ASSERT_LE(events->size(), 6u);
    if (events->empty()) break;
    for (const v1::WatchJobResponse& event : *events) ASSERT_EQ(event.sequence(), ++after);
  }
  EXPECT_EQ(after, 21u);
  EXPECT_THAT(store_->ReadEvents("j2", 0, 6), Fails(absl::StatusCode::kNotFound, "no job 'j2'"));
}

TEST_F(StoreReaderTest, WhatIsLeftToDoIsCountedFromTheRecords) {
  const NewJob made = NewJobOf("j1", {1, 1, 2, 4});
  ASSERT_THAT(Insert(made), IsOk());
  ASSERT_THAT(Append(RecordOf(made, 0)), IsOk());
  ASSERT_THAT(Append(RecordOf(made, 2, v1::OUTCOME_CRASHED)), IsOk());
  Reopen();
  const auto active = store_->LoadActiveJobs();
  ASSERT_THAT(active, IsOk());
  ASSERT_EQ(active->size(), 1u);
  EXPECT_EQ((*active)[0].remaining, (RankGroups{{1, 1}, {4, 1}}));
}

}  // namespace
}  // namespace basisbench
