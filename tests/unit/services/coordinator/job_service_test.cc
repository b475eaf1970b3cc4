// SPDX-License-Identifier: Apache-2.0
// JobService and WatchJob over real channels.
#include "services/coordinator/job_service.h"

#include "gtest/gtest.h"
#include "tests/unit/services/coordinator/service_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;

class JobServiceTest : public testing::Test {
 protected:
  struct Watch {
    Watch(v1::JobService::Stub& stub, const std::string& job, uint64_t after) {
      LimitTime(context);
      v1::WatchJobRequest request;
      request.set_job_id(job);
      request.set_after_sequence(after);
      reader = stub.WatchJob(&context, request);
    }
    ~Watch() { context.TryCancel(); }
    // Sequence numbers until `last`, or until the end.
    std::vector<uint64_t> ReadTo(uint64_t last) {
      std::vector<uint64_t> seen;
      v1::WatchJobResponse event;
      while ((seen.empty() || seen.back() < last) && reader->Read(&event)) {
        if (event.sequence() > 0) seen.push_back(event.sequence());
      }
      return seen;
    }
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchJobResponse>> reader;
  };

  void Record(const NewJob& job, uint32_t index) {
    ASSERT_THAT(service_.world().store().ApplyAndWait([&](Database& database) {
      return AppendResult(database, RecordOf(job, index)).status();
    }),
                IsOk());
    service_.hub().Changed(job.job.id());
  }
  void EndIt(const std::string& id) {
    ASSERT_THAT(service_.world().store().ApplyAndWait([&](Database& database) {
      return EndJob(database, id, {v1::OUTCOME_NOT_RUN, v1::JOB_STATE_FAILED, "over"}, 9).status();
    }),
                IsOk());
    service_.hub().Changed(id);
  }

  ServiceWorld service_;
  std::unique_ptr<v1::JobService::Stub> stub_ = service_.Jobs();
};

TEST_F(JobServiceTest, WatchingAgainMissesAndRepeatsNothing) {
  const NewJob job = service_.world().Submit("j1", std::vector<uint32_t>(100, 1));
  uint64_t last = 0;
  std::vector<uint64_t> seen;
  // Records come while it watches; it breaks off now and then and resumes.
  std::thread recorder([&] {
    for (uint32_t i = 0; i < 90; ++i) Record(job, i);
  });
  while (last < 91) {
    Watch watch(*stub_, "j1", last);
    const std::vector<uint64_t> some = watch.ReadTo(last + 13 > 91 ? 91 : last + 13);
    if (some.empty()) break;
    seen.insert(seen.end(), some.begin(), some.end());
    last = seen.back();
  }
  recorder.join();
  std::vector<uint64_t> all(91);
  for (size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
  EXPECT_EQ(seen, all);
}

TEST_F(JobServiceTest, ManyWatchersOfAChangingJobAllSeeEverything) {
  const NewJob job = service_.world().Submit("j1", std::vector<uint32_t>(50, 1));
  std::vector<std::thread> watchers;
  std::atomic<int> complete{0};
  for (int i = 0; i < 8; ++i) {
    watchers.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        Watch watch(*stub_, "j1", 0);
        complete += watch.ReadTo(51).size() == 51 ? 1 : 0;
      }
    });
  }
  for (uint32_t i = 0; i < 50; ++i) Record(job, i);
  for (std::thread& watcher : watchers) watcher.join();
  EXPECT_EQ(complete, 40);
}

TEST_F(JobServiceTest, AWatchEndsWhenTheJobEnds) {
  service_.world().Submit("j1", {1});
  Watch watch(*stub_, "j1", 0);
  EXPECT_THAT(watch.ReadTo(1), ElementsAre(1));
  EndIt("j1");
  EXPECT_THAT(watch.ReadTo(UINT64_MAX), ElementsAre(2, 3)) << "a record, the end";
  EXPECT_TRUE(watch.reader->Finish().ok());
  Watch nobody(*stub_, "j9", 0);
  v1::WatchJobResponse event;
  EXPECT_FALSE(nobody.reader->Read(&event));
  EXPECT_THAT(FromGrpc(nobody.reader->Finish()), Fails(absl::StatusCode::kNotFound, "'j9'"));
}

TEST_F(JobServiceTest, AQuietWatchIsKeptAliveByHeartbeats) {
  service_.world().Submit("j1", {1});
  Watch watch(*stub_, "j1", 1);
  v1::WatchJobResponse event;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(watch.reader->Read(&event));
    EXPECT_TRUE(event.has_heartbeat());
    EXPECT_EQ(event.sequence(), 0u);
  }
}

TEST_F(JobServiceTest, ACoordinatorThatStopsSaysSo) {
  service_.world().Submit("j1", {1});
  Watch watch(*stub_, "j1", 0);
  EXPECT_THAT(watch.ReadTo(1), ElementsAre(1));
  service_.hub().Stop();
  watch.ReadTo(UINT64_MAX);
  EXPECT_THAT(FromGrpc(watch.reader->Finish()), Fails(absl::StatusCode::kUnavailable, "stopping"));
  Watch late(*stub_, "j1", 0);
  late.ReadTo(UINT64_MAX);
  EXPECT_THAT(FromGrpc(late.reader->Finish()), Fails(absl::StatusCode::kUnavailable, "stopping"));
}

TEST_F(JobServiceTest, CancelsAndDeletes) {
  service_.world().Submit("j1", {1});
  v1::DeleteJobRequest remove;
  remove.set_job_id("j1");
  v1::DeleteJobResponse removed;
  grpc::ClientContext first;
  EXPECT_THAT(FromGrpc(stub_->DeleteJob(&first, remove, &removed)),
              Fails(absl::StatusCode::kFailedPrecondition, "cancel it first"));
  v1::CancelJobRequest cancel;
  cancel.set_job_id("j1");
  v1::CancelJobResponse cancelled;
  grpc::ClientContext second;
  EXPECT_THAT(FromGrpc(stub_->CancelJob(&second, cancel, &cancelled)), IsOk());
  EXPECT_EQ(cancelled.job().state(), v1::JOB_STATE_CANCELLED);
  grpc::ClientContext third;
  EXPECT_THAT(FromGrpc(stub_->DeleteJob(&third, remove, &removed)), IsOk());
  v1::GetJobRequest get;
  get.set_job_id("j1");
  v1::GetJobResponse got;
  grpc::ClientContext fourth;
  EXPECT_THAT(FromGrpc(stub_->GetJob(&fourth, get, &got)),
              Fails(absl::StatusCode::kNotFound, "'j1'"));
}

TEST_F(JobServiceTest, SubmissionsWithoutWorkersAreUnavailable) {
  v1::SubmitJobRequest request;
  request.mutable_spec()->add_operators()->set_name("matmul");
  v1::Shape& shape = *request.mutable_spec()->add_shapes();
  shape.set_tokens(1);
  shape.set_d_in(1);
  v1::SubmitJobResponse response;
  grpc::ClientContext context;
  EXPECT_THAT(FromGrpc(stub_->SubmitJob(&context, request, &response)),
              Fails(absl::StatusCode::kUnavailable, "start a worker"));
}

}  // namespace
}  // namespace basisbench
