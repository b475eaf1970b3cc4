// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/submitter.h"

#include "gtest/gtest.h"
#include "tests/unit/services/coordinator/director_support.h"
#include "tests/unit/services/coordinator/service_runner.h"

namespace basisbench {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Message = v1::AttachResponse;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

// matmul on one shape that anybody can hold.
v1::SubmitJobRequest Request() {
  v1::SubmitJobRequest request;
  request.mutable_spec()->add_operators()->set_name("matmul");
  v1::Shape& shape = *request.mutable_spec()->add_shapes();
  shape.set_tokens(64);
  shape.set_d_in(64);
  return request;
}

class SubmitterTest : public testing::Test {
 protected:
  using Answer = absl::StatusOr<v1::SubmitJobResponse>;

  // Asks without waiting; `Answers` collects what comes.
  void Ask(const v1::SubmitJobRequest& request) {
    submitter_.Submit(request, [this](Answer answer) {
      absl::MutexLock lock(&mutex_);
      answers_.push_back(std::move(answer));
    });
  }
  // Answers what the worker was asked until it is asked nothing more.
  void RunnerAnswers() {
    while (true) {
      const auto checks = SentOf(link_, Message::kCheck);
      if (answered_ == checks.size()) return;
      world_.director().Receive("w1", link_.get(), AnswerTo(checks[answered_++].check()), [] {});
    }
  }
  std::vector<Answer> Answers() {
    RunnerAnswers();
    world_.Settle();
    absl::MutexLock lock(&mutex_);
    return std::exchange(answers_, {});
  }
  Answer Submit(const v1::SubmitJobRequest& request) {
    Ask(request);
    const std::vector<Answer> answers = Answers();
    EXPECT_THAT(answers, SizeIs(1));
    return answers.empty() ? Answer(absl::UnknownError("no answer")) : answers[0];
  }
  void AttachWorker(uint32_t slots = 4, int64_t memory = 0) {
    link_ = std::make_shared<FakeWorkerLink>();
    v1::Register registration = RegistrationOf("w1", slots);
    registration.mutable_inventory()->set_memory_bytes(memory);
    ASSERT_THAT(world_.TryAttach(link_, registration), IsOk());
    world_.Settle();
  }
  size_t Jobs() { return static_cast<size_t>(world_.store().ListJobs({})->jobs_size()); }

  DirectorWorld world_;
  MetricSet metrics_;
  CoordinatorProbe probe_{metrics_};
  Submitter submitter_{{world_.store(), world_.director(), world_.checker(), probe_,
                        Presets::Builtin(), world_.clock(), /*max_cases=*/100}};
  Link link_ = std::make_shared<FakeWorkerLink>();
  size_t answered_ = 0;
  absl::Mutex mutex_;
  std::vector<Answer> answers_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(SubmitterTest, QueuesWhatTheRunnerAgreesTo) {
  AttachWorker();
  const Answer answer = Submit(Request());
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(answer->job().id(), SizeIs(15));
  EXPECT_EQ(answer->job().cases_total(), 1u);
  EXPECT_EQ(answer->job().spec().max_attempts(), 3u) << "defaults are filled in";
  const auto prepares = SentOf(link_, Message::kPrepare);
  ASSERT_THAT(prepares, SizeIs(1));
  EXPECT_EQ(prepares[0].prepare().job_id(), answer->job().id());
}

TEST_F(SubmitterTest, EveryRefusalNamesTheFieldAndTheValue) {
  AttachWorker(/*slots=*/4, /*memory=*/1 << 20);
  struct Bad {
    std::function<void(v1::SubmitJobRequest&)> change;
    const char* says;
  };
  const std::vector<Bad> bad = {
      {[](auto& r) { r.set_request_id(std::string(200, 'r')); }, "request_id: 200 characters"},
      {[](auto& r) { r.mutable_spec()->clear_operators(); }, "spec.operators: is empty"},
      {[](auto& r) { r.mutable_spec()->mutable_operators(0)->set_name("matmull"); },
       "'matmull'; did you mean 'matmul'?"},
      {[](auto& r) { r.mutable_spec()->add_ranks(5); },
       "spec.ranks[0]: 5 ranks are more than the 4 slots"},
      {[](auto& r) { r.mutable_spec()->add_dtypes("f16"); }, "f16"},
      {[](auto& r) { r.mutable_spec()->add_shardings("diagonal"); }, "'diagonal'"},
      {[](auto& r) { r.mutable_spec()->set_backend("cuda_nccl"); },
       "spec.backend: no attached worker offers cuda_nccl; offered: cpu_mpi"},
      {[](auto& r) { r.mutable_spec()->set_backend("cpu_mpj"); },
       "spec.backend: 'cpu_mpj' is not known; did you mean 'cpu_mpi'?"},
      {[](auto& r) { r.mutable_spec()->set_grid("2"); }, "spec.grid: '2'"},
      {[](auto& r) { r.mutable_spec()->set_priority(101); }, "spec.priority: 101"},
      {[](auto& r) { r.mutable_spec()->mutable_shapes(0)->set_tokens(0); },
       "spec.shapes[0].tokens: 0"},
      {[](auto& r) { r.mutable_spec()->mutable_shapes(0)->set_tokens(1 << 20); },
       "spec.operators[0]: 'matmul' can run none of its cases; 1048576x64x64 f32"},
      {[](auto& r) {
         r.mutable_spec()->clear_shapes();
         r.mutable_spec()->mutable_model()->set_preset("gpt9");
       },
       "'gpt9'"},
      {[](auto& r) {
         for (int i = 0; i < 101; ++i) {
           v1::Shape& shape = *r.mutable_spec()->add_shapes();
           shape.set_tokens(i + 1);
           shape.set_d_in(7);
         }
       },
       "102 cases, more than the limit of 100"},
  };
  for (const Bad& each : bad) {
    v1::SubmitJobRequest request = Request();
    each.change(request);
    EXPECT_THAT(Submit(request), Fails(kInvalid, each.says));
  }
  EXPECT_EQ(Jobs(), 0u);
}

TEST_F(SubmitterTest, WithoutAWorkerItIsUnavailableAndNothingIsQueued) {
  EXPECT_THAT(Submit(Request()), Fails(kUnavailable, "no worker has attached yet"));
  AttachWorker();
  world_.Detach("w1", link_);
  EXPECT_THAT(Submit(Request()), Fails(kUnavailable, "no worker is attached that could check"));
  EXPECT_EQ(Jobs(), 0u);
}

TEST_F(SubmitterTest, AWorkerThatIsLostWhileItChecksMakesItUnavailable) {
  AttachWorker();
  Ask(Request());
  world_.Detach("w1", link_);
  absl::MutexLock lock(&mutex_);
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_THAT(answers_[0], Fails(kUnavailable, "'w1' was lost"));
}

TEST_F(SubmitterTest, ARunnerThatDoesNotAnswerMakesItUnavailable) {
  AttachWorker();
  Ask(Request());
  world_.Pass(absl::Seconds(21), {{"w1", link_}});
  absl::MutexLock lock(&mutex_);
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_THAT(answers_[0], Fails(kUnavailable, "in time"));
}

TEST_F(SubmitterTest, TwinsWithOneRequestIdMakeOneJob) {
  AttachWorker();
  v1::SubmitJobRequest request = Request();
  request.set_request_id("twin");
  // All of them are checked before any is stored.
  for (int i = 0; i < 8; ++i) Ask(request);
  const std::vector<Answer> answers = Answers();
  ASSERT_THAT(answers, SizeIs(8));
  for (const Answer& answer : answers) {
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->job().id(), answers[0]->job().id());
  }
  EXPECT_EQ(Jobs(), 1u);
  EXPECT_THAT(SentOf(link_, Message::kPrepare), SizeIs(1));
  // Later, even when it could not be accepted any more.
  world_.Detach("w1", link_);
  const Answer later = Submit(request);
  ASSERT_THAT(later, IsOk());
  EXPECT_EQ(later->job().id(), answers[0]->job().id());
}

TEST_F(SubmitterTest, ValidateOnlyAnswersAndQueuesNothing) {
  AttachWorker();
  v1::SubmitJobRequest request = Request();
  request.set_validate_only(true);
  request.set_request_id("twin");
  request.mutable_spec()->add_ranks(1);
  request.mutable_spec()->add_ranks(3);
  const Answer answer = Submit(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->job().id(), "");
  ASSERT_EQ(answer->cases_size(), 2);
  EXPECT_EQ(answer->cases(1).resolved().ranks(), 3u);
  EXPECT_EQ(answer->cases(1).cost().bytes_per_rank(), 64 * 64 * 4);
  EXPECT_THAT(answer->fit(), HasSubstr("3 of 4 slots"));
  EXPECT_EQ(Jobs(), 0u);
}

TEST_F(SubmitterTest, ValidateOnlyTellsTheCostAtWorldSizesNobodyHas) {
  // A worker with room for one rank's memory: of the ranks that have a slot too few fit, of those
  // that have none nothing is known.
  AttachWorker(/*slots=*/4, /*memory=*/64 * 64 * 4);
  v1::SubmitJobRequest request = Request();
  for (const uint32_t ranks : {1, 4, 1024}) request.mutable_spec()->add_ranks(ranks);
  EXPECT_THAT(Submit(request), Fails(kInvalid, "spec.ranks[2]: 1024 ranks are more than the 4"));
  request.set_validate_only(true);
  const Answer answer = Submit(request);
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->cases_size(), 3);
  EXPECT_EQ(answer->cases(0).refusal(), "");
  EXPECT_THAT(answer->cases(1).refusal(), HasSubstr("room for 1"));
  EXPECT_EQ(answer->cases(2).refusal(), "");
  EXPECT_EQ(answer->cases(2).resolved().ranks(), 1024u);
  EXPECT_EQ(answer->cases(2).cost().bytes_per_rank(), 64 * 64 * 4);
  EXPECT_THAT(answer->fit(), HasSubstr("no gang of that size exists: 1024 of 4 slots needed"));
  EXPECT_EQ(Jobs(), 0u);
}

TEST_F(SubmitterTest, CasesThatCannotRunAreRecordsFromTheStart) {
  AttachWorker();
  v1::SubmitJobRequest request = Request();
  v1::OperatorSpec& monarch = *request.mutable_spec()->add_operators();
  monarch.set_name("monarch");
  (*monarch.mutable_parameters())["blocks"] = "32";
  request.mutable_spec()->mutable_shapes(0)->set_d_in(48);
  v1::Shape& fitting = *request.mutable_spec()->add_shapes();
  fitting.set_tokens(8);
  fitting.set_d_in(64);
  const Answer answer = Submit(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->job().cases_total(), 4u);
  EXPECT_EQ(answer->job().cases_unsupported(), 1u);
  const std::vector<v1::CaseResult> records = world_.Results(answer->job().id());
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].outcome(), v1::OUTCOME_UNSUPPORTED);
  EXPECT_EQ(records[0].detail(), "blocks 32 do not divide 48");
  world_.Say("w1", link_, PreparedOf(answer->job().id() + "-1"));
  const auto starts = SentOf(link_, Message::kStart);
  ASSERT_THAT(starts, SizeIs(1));
  EXPECT_EQ(starts[0].start().cases_size(), 3);
}

TEST_F(SubmitterTest, AnOperatorThatCanRunNothingIsRefused) {
  AttachWorker();
  v1::SubmitJobRequest request = Request();
  v1::OperatorSpec& monarch = *request.mutable_spec()->add_operators();
  monarch.set_name("monarch");
  (*monarch.mutable_parameters())["blocks"] = "48";
  EXPECT_THAT(Submit(request),
              Fails(kInvalid, "spec.operators[1]: 'monarch' can run none of its cases"));
  EXPECT_EQ(Jobs(), 0u);
}

TEST_F(SubmitterTest, MemoryIsCountedPerRank) {
  // X of one rank takes 16 KiB: the worker has room for three.
  AttachWorker(/*slots=*/4, /*memory=*/3 * 64 * 64 * 4);
  v1::SubmitJobRequest request = Request();
  for (const uint32_t ranks : {3, 4}) request.mutable_spec()->add_ranks(ranks);
  const Answer answer = Submit(request);
  ASSERT_THAT(answer, IsOk());
  const std::vector<v1::CaseResult> records = world_.Results(answer->job().id());
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].case_().ranks(), 4u);
  EXPECT_THAT(records[0].detail(), HasSubstr("room for 3"));
  EXPECT_EQ(records[0].cost().bytes_per_rank(), 64 * 64 * 4);
}

TEST_F(SubmitterTest, AGridIsTriedOnTheCasesThatHaveOne) {
  AttachWorker();
  v1::SubmitJobRequest request = Request();
  request.set_validate_only(true);
  for (const char* sharding : {"row", "summa"}) request.mutable_spec()->add_shardings(sharding);
  for (const uint32_t ranks : {2, 4}) request.mutable_spec()->add_ranks(ranks);
  request.mutable_spec()->set_grid("2x2");
  const Answer answer = Submit(request);
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->cases_size(), 4);
  EXPECT_EQ(answer->cases(0).resolved().grid(), "") << "row has none";
  EXPECT_EQ(answer->cases(1).refusal(), "grid 2x2 is not 2 ranks");
  EXPECT_EQ(answer->cases(3).resolved().grid(), "2x2");
  EXPECT_THAT(SentOf(link_, Message::kCheck), SizeIs(2));
}

TEST_F(SubmitterTest, AGridGoesToACaseThatMayChooseAShardingThatUsesIt) {
  AttachWorker();
  v1::SubmitJobRequest request = Request();
  for (const char* sharding : {"auto", "row"}) request.mutable_spec()->add_shardings(sharding);
  request.mutable_spec()->add_ranks(4);
  request.mutable_spec()->set_grid("2x2");
  const Answer answer = Submit(request);
  ASSERT_THAT(answer, IsOk());
  world_.Say("w1", link_, PreparedOf(answer->job().id() + "-1"));
  const auto starts = SentOf(link_, Message::kStart);
  ASSERT_THAT(starts, SizeIs(1));
  ASSERT_EQ(starts[0].start().cases_size(), 2);
  EXPECT_EQ(starts[0].start().cases(0).sharding(), "auto") << "the runner chooses";
  EXPECT_EQ(starts[0].start().cases(0).grid(), "2x2");
  EXPECT_EQ(starts[0].start().cases(1).grid(), "");
}

TEST_F(SubmitterTest, EqualCasesAreAskedOnce) {
  AttachWorker();
  ASSERT_THAT(Submit(Request()), IsOk());
  ASSERT_THAT(Submit(Request()), IsOk());
  EXPECT_THAT(SentOf(link_, Message::kCheck), SizeIs(1));
  EXPECT_EQ(Jobs(), 2u);
}

TEST_F(SubmitterTest, CasesAreCheckedByAWorkerOfTheirBackendAndGoToIt) {
  AttachWorker();  // w1, on CPUs
  const Link gpu = std::make_shared<FakeWorkerLink>();
  v1::Register registration = RegistrationOf("w2", 2);
  registration.mutable_catalogue()->clear_backends();
  registration.mutable_catalogue()->add_backends("cuda_nccl");
  registration.mutable_inventory()->add_gpus()->set_memory_bytes(1 << 30);
  ASSERT_THAT(world_.TryAttach(gpu, registration), IsOk());
  world_.Settle();
  v1::SubmitJobRequest request = Request();
  request.mutable_spec()->set_backend("cuda_nccl");
  request.mutable_spec()->add_ranks(3);
  EXPECT_THAT(Submit(request),
              Fails(kInvalid, "3 ranks are more than the 2 slots of all attached workers that"));
  request.mutable_spec()->set_ranks(0, 2);
  Ask(request);
  const auto checks = SentOf(gpu, Message::kCheck);
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_EQ(checks[0].check().cases(0).backend(), "cuda_nccl");
  EXPECT_THAT(SentOf(link_, Message::kCheck), IsEmpty());
  world_.director().Receive("w2", gpu.get(), AnswerTo(checks[0].check()), [] {});
  const std::vector<Answer> answers = Answers();
  ASSERT_THAT(answers, SizeIs(1));
  ASSERT_THAT(answers[0], IsOk());
  EXPECT_THAT(SentOf(gpu, Message::kPrepare), SizeIs(1));
  EXPECT_THAT(SentOf(link_, Message::kPrepare), IsEmpty()) << "its four slots are of no use here";
}

}  // namespace
}  // namespace basisbench
