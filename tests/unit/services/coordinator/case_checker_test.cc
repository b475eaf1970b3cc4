// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/case_checker.h"

#include <functional>
#include <optional>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_worker_link.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
using Answers = absl::StatusOr<std::vector<v1::CheckedCase>>;

std::vector<v1::Case> CasesOf(int count, int64_t first_width = 1) {
  std::vector<v1::Case> cases(count);
  for (int i = 0; i < count; ++i) {
    cases[i].set_index(static_cast<uint32_t>(100 + i));
    cases[i].mutable_operator_()->set_name("matmul");
    cases[i].mutable_shape()->set_d_in(first_width + i);
  }
  return cases;
}

class CaseCheckerTest : public testing::Test {
 protected:
  CheckTarget Worker(const std::string& build = "b1") const { return {"w1", build, link_}; }

  // The answer arrives in `last_`; nullopt before.
  void Ask(const CheckTarget& target, const std::vector<v1::Case>& cases) {
    last_.reset();
    times_ = 0;
    checker_.Check(target, cases, now_, [this](Answers answers) {
      last_ = std::move(answers);
      ++times_;
    });
  }

  // What the runner of w1 would say to its latest question: parameters tell the width.
  v1::CasesChecked Reply() const {
    const v1::CheckCases question = link_->sent().back().check();
    v1::CasesChecked reply;
    reply.set_check_id(question.check_id());
    for (const v1::Case& item : question.cases()) {
      v1::CheckedCase& answer = *reply.add_cases();
      answer.set_index(item.index());
      answer.mutable_cost()->set_parameters(item.shape().d_in());
    }
    return reply;
  }

  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  std::shared_ptr<FakeWorkerLink> link_ = std::make_shared<FakeWorkerLink>();
  CaseChecker checker_;
  std::optional<Answers> last_;
  int times_ = 0;
};

TEST_F(CaseCheckerTest, AnswersComeInTheOrderAndWithTheIndicesOfTheCases) {
  Ask(Worker(), CasesOf(3));
  EXPECT_FALSE(last_.has_value());
  checker_.Answered("w1", Reply());
  ASSERT_TRUE(last_.has_value());
  ASSERT_THAT(*last_, IsOk());
  ASSERT_EQ((*last_)->size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ((**last_)[i].index(), 100u + i);
    EXPECT_EQ((**last_)[i].cost().parameters(), 1 + i);
  }
}

TEST_F(CaseCheckerTest, WhatIsRememberedIsNotAskedAgain) {
  Ask(Worker(), CasesOf(3));
  checker_.Answered("w1", Reply());
  Ask({"w1", "b1", nullptr}, CasesOf(3));
  ASSERT_TRUE(last_.has_value()) << "also while the worker is away";
  ASSERT_THAT(*last_, IsOk());
  EXPECT_EQ((**last_)[2].index(), 102u);
  Ask(Worker(), CasesOf(3, /*first_width=*/2));
  ASSERT_EQ(link_->sent().size(), 2u);
  EXPECT_EQ(link_->sent().back().check().cases_size(), 1) << "two of three are known";
  checker_.Answered("w1", Reply());
  ASSERT_THAT(*last_, IsOk());
  EXPECT_EQ((**last_)[2].cost().parameters(), 4);
}

TEST_F(CaseCheckerTest, AnotherBuildIsAskedAnew) {
  Ask(Worker("b1"), CasesOf(1));
  checker_.Answered("w1", Reply());
  Ask(Worker("b2"), CasesOf(1));
  EXPECT_FALSE(last_.has_value());
  EXPECT_EQ(link_->sent().size(), 2u);
}

TEST_F(CaseCheckerTest, ManyCasesAreAskedInPieces) {
  Ask(Worker(), CasesOf(2500));
  for (int piece = 0; piece < 3; ++piece) {
    ASSERT_FALSE(last_.has_value());
    ASSERT_EQ(link_->sent().size(), static_cast<size_t>(piece) + 1);
    EXPECT_LE(link_->sent().back().check().cases_size(), 1000);
    checker_.Answered("w1", Reply());
  }
  ASSERT_TRUE(last_.has_value());
  ASSERT_THAT(*last_, IsOk());
  ASSERT_EQ((*last_)->size(), 2500u);
  for (int i = 0; i < 2500; ++i) ASSERT_EQ((**last_)[i].cost().parameters(), 1 + i);
}

TEST_F(CaseCheckerTest, WithoutAWorkerUnknownCasesCannotBeChecked) {
  Ask({}, CasesOf(1));
  ASSERT_TRUE(last_.has_value());
  EXPECT_THAT(*last_, Fails(kUnavailable, "no worker is attached that could check the cases"));
}

TEST_F(CaseCheckerTest, AQuestionHasADeadline) {
  Ask(Worker(), CasesOf(1));
  checker_.Tick(now_ + absl::Seconds(19));
  EXPECT_FALSE(last_.has_value());
  const v1::CasesChecked late = Reply();
  checker_.Tick(now_ + absl::Seconds(20));
  ASSERT_TRUE(last_.has_value());
  EXPECT_THAT(*last_, Fails(kUnavailable, "did not check the cases in time"));
  checker_.Answered("w1", late);
  checker_.Tick(now_ + absl::Hours(1));
  checker_.Lost("w1");
  EXPECT_EQ(times_, 1) << "it is answered once";
}

TEST_F(CaseCheckerTest, ALostWorkerFailsItsQuestionsOnly) {
  Ask(Worker(), CasesOf(1));
  checker_.Lost("w2");
  EXPECT_FALSE(last_.has_value());
  checker_.Lost("w1");
  ASSERT_TRUE(last_.has_value());
  EXPECT_THAT(*last_, Fails(kUnavailable, "worker 'w1' was lost while it checked the cases"));
}

TEST_F(CaseCheckerTest, ABadAnswerIsAFailureAndIsNotRemembered) {
  const std::vector<std::pair<std::function<void(v1::CasesChecked&)>, std::string>> rows = {
      {[](auto& reply) { reply.clear_cases(); }, "worker 'w1' answered 0 cases of 2"},
      {[](auto& reply) { reply.add_cases(); }, "worker 'w1' answered 3 cases of 2"},
      {[](auto& reply) { reply.set_error("no runner"); },
       "worker 'w1' could not check the cases: no runner"}};
  for (const auto& [spoil, message] : rows) {
    Ask(Worker(), CasesOf(2));
    v1::CasesChecked reply = Reply();
    spoil(reply);
    checker_.Answered("w1", reply);
    ASSERT_TRUE(last_.has_value());
    EXPECT_THAT(*last_, Fails(kUnavailable, message));
  }
  EXPECT_EQ(link_->sent().size(), rows.size());
}

TEST_F(CaseCheckerTest, AWorkerAnswersItsOwnQuestionsOnly) {
  Ask(Worker(), CasesOf(1));
  checker_.Answered("w2", Reply());
  v1::CasesChecked unknown = Reply();
  unknown.set_check_id(999);
  checker_.Answered("w1", unknown);
  EXPECT_FALSE(last_.has_value());
}

TEST(CaseKey, TellsApartWhatARunnerWouldAnswerDifferently) {
  v1::Case item;
  item.mutable_operator_()->set_name("monarch");
  (*item.mutable_operator_()->mutable_parameters())["blocks"] = "2";
  item.mutable_shape()->set_tokens(8);
  const std::vector<std::function<void(v1::Case&)>> changes = {
      [](auto& c) { c.mutable_operator_()->set_name("matmul"); },
      [](auto& c) { (*c.mutable_operator_()->mutable_parameters())["blocks"] = "4"; },
      [](auto& c) { c.mutable_operator_()->clear_parameters(); },
      [](auto& c) { c.mutable_shape()->set_tokens(9); },
      [](auto& c) { c.mutable_shape()->set_d_in(9); },
      [](auto& c) { c.mutable_shape()->set_d_out(9); },
      [](auto& c) { c.set_dtype("f64"); },
      [](auto& c) { c.set_direction("backward"); },
      [](auto& c) { c.set_sharding("row"); },
      [](auto& c) { c.set_ranks(2); },
      [](auto& c) { c.set_grid("1x2"); },
      [](auto& c) { c.set_backend("cpu_local"); },
      [](auto& c) { c.set_cache("cold"); },
      [](auto& c) { c.set_input("zeros"); }};
  for (size_t i = 0; i < changes.size(); ++i) {
    v1::Case changed = item;
    changes[i](changed);
    EXPECT_NE(CaseKey(changed, "b"), CaseKey(item, "b")) << "change " << i;
  }
  EXPECT_NE(CaseKey(item, "b"), CaseKey(item, "c"));
  v1::Case elsewhere = item;
  elsewhere.set_index(7);
  elsewhere.set_comparison_group("g");
  elsewhere.set_seed(3);
  EXPECT_EQ(CaseKey(elsewhere, "b"), CaseKey(item, "b"));
}

// A value with a line break cannot pass for two parameters.
TEST(CaseKey, CannotBeForgedThroughAParameter) {
  v1::Case two;
  (*two.mutable_operator_()->mutable_parameters())["a"] = "1";
  (*two.mutable_operator_()->mutable_parameters())["b"] = "2";
  v1::Case one;
  (*one.mutable_operator_()->mutable_parameters())["a"] = "1\nb=1:2";
  EXPECT_NE(CaseKey(two, "b"), CaseKey(one, "b"));
}

}  // namespace
}  // namespace basisbench
