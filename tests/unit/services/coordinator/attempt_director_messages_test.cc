// SPDX-License-Identifier: Apache-2.0
// What attached workers say, and what they had better not have said.
#include "gtest/gtest.h"
#include "tests/unit/services/coordinator/director_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Message = v1::AttachResponse;

class DirectorMessagesTest : public testing::Test {
 protected:
  // j1 runs on w1, j2 on w2; each has one case of one rank and one of two.
  void SetUp() override {
    w1_ = world_.Attach("w1", 1);
    j1_ = world_.Submit("j1", {1, 2});
    w2_ = world_.Attach("w2", 1);
    j2_ = world_.Submit("j2", {1, 2});
    world_.Say("w1", w1_, PreparedOf("j1-1"));
    world_.Say("w2", w2_, PreparedOf("j2-1"));
    ASSERT_THAT(SentOf(w1_, Message::kStart), SizeIs(1));
    ASSERT_THAT(SentOf(w2_, Message::kStart), SizeIs(1));
  }
  size_t Acknowledged() { return SentOf(w1_, Message::kAcknowledged).size(); }

  DirectorWorld world_;
  Link w1_, w2_;
  NewJob j1_, j2_;
};

TEST_F(DirectorMessagesTest, EchoesKeepAlives) {
  v1::AttachRequest message;
  message.mutable_keep_alive()->set_sequence(42);
  world_.Say("w1", w1_, message);
  const auto echoes = SentOf(w1_, Message::kKeepAlive);
  ASSERT_THAT(echoes, SizeIs(1));
  EXPECT_EQ(echoes[0].keep_alive().sequence(), 42u);
}

TEST_F(DirectorMessagesTest, RecordsThatCannotBeStoredAreAcknowledgedAndDropped) {
  // An attempt that nobody knows; one that another worker leads; a case that does not exist; no
  // outcome; an outcome from the future; another world size than the attempt's.
  v1::AttachRequest no_outcome = ResultOf("j1-1", j1_, 0);
  no_outcome.mutable_result()->mutable_result()->clear_outcome();
  v1::AttachRequest new_outcome = ResultOf("j1-1", j1_, 0);
  new_outcome.mutable_result()->mutable_result()->set_outcome(static_cast<v1::Outcome>(99));
  v1::AttachRequest no_case = ResultOf("j1-1", j1_, 0);
  no_case.mutable_result()->mutable_result()->mutable_case_()->set_index(7);
  const std::vector<v1::AttachRequest> hostile = {
      ResultOf("j9-1", j1_, 0), ResultOf("j2-1", j2_, 0), no_outcome, new_outcome, no_case,
      ResultOf("j1-1", j1_, 1)};
  for (size_t i = 0; i < hostile.size(); ++i) {
    world_.Say("w1", w1_, hostile[i]);
    EXPECT_EQ(Acknowledged(), i + 1) << hostile[i].ShortDebugString();
  }
  EXPECT_THAT(world_.Results("j1"), IsEmpty());
  EXPECT_THAT(world_.Results("j2"), IsEmpty());
  EXPECT_FALSE(w1_->closed().has_value());
}

TEST_F(DirectorMessagesTest, ARecordCannotTakeThePlaceOfACaseOfAnotherWorldSize) {
  v1::AttachRequest forged = ResultOf("j1-1", j1_, 1);
  forged.mutable_result()->mutable_result()->mutable_case_()->set_ranks(1);
  world_.Say("w1", w1_, forged);
  EXPECT_THAT(world_.Results("j1"), IsEmpty());
  EXPECT_EQ(Acknowledged(), 1u);
  world_.Say("w1", w1_, ResultOf("j1-1", j1_, 0));
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_COMPLETED));
  EXPECT_EQ(world_.Job("j1").cases_done(), 1u);
}

TEST_F(DirectorMessagesTest, ALateForgedRecordIsRefusedToo) {
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_PEER_LOST));
  v1::AttachRequest forged = ResultOf("j1-1", j1_, 1);
  forged.mutable_result()->mutable_result()->mutable_case_()->set_ranks(1);
  world_.Say("w1", w1_, forged);
  EXPECT_THAT(world_.Results("j1"), IsEmpty());
  world_.Say("w1", w1_, ResultOf("j1-1", j1_, 0));
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_OK));
}

TEST_F(DirectorMessagesTest, EndingsOfStrangersChangeNothing) {
  world_.Say("w1", w1_, FinishedOf("j2-1", v1::ATTEMPT_END_CRASHED, 0));
  world_.Say("w1", w1_, FinishedOf("nothing", v1::ATTEMPT_END_COMPLETED));
  EXPECT_EQ(Acknowledged(), 2u) << "or they would be sent for ever";
  EXPECT_THAT(world_.Results("j2"), IsEmpty());
  EXPECT_EQ(world_.Job("j2").state(), v1::JOB_STATE_RUNNING);
  for (const v1::AttachRequest& message :
       {PreparedOf("j2-1", "no"), ReleasedOf("j2-1"), ReleasedOf("j1-1"), PreparedOf("")}) {
    world_.Say("w1", w1_, message);
  }
  EXPECT_THAT(SentOf(w2_, Message::kAbort), IsEmpty());
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_RUNNING);
}

TEST_F(DirectorMessagesTest, AnEndingWithoutReasonIsALaunchThatFailed) {
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_UNSPECIFIED, 0));
  EXPECT_THAT(world_.Results("j1"), IsEmpty());
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_QUEUED);
  world_.Say("w2", w2_, FinishedOf("j2-1", static_cast<v1::AttemptEnd>(77), 0));
  EXPECT_THAT(world_.Results("j2"), IsEmpty());
}

TEST_F(DirectorMessagesTest, LongDetailsAreCut) {
  v1::AttachRequest finished = FinishedOf("j1-1", v1::ATTEMPT_END_CRASHED, 0);
  finished.mutable_finished()->set_detail(std::string(1 << 20, 'd'));
  finished.mutable_finished()->set_output_tail(std::string(1 << 20, 't'));
  world_.Say("w1", w1_, finished);
  ASSERT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_CRASHED));
  EXPECT_LT(world_.Results("j1")[0].detail().size(), 4096u);
}

TEST_F(DirectorMessagesTest, TextThatIsNotUtf8IsStoredAndServed) {
  v1::AttachRequest finished = FinishedOf("j1-1", v1::ATTEMPT_END_CRASHED, 0);
  // A tail that is cut inside a character.
  std::string tail;
  for (int i = 0; i < 3000; ++i) tail += "\xC3\xA9";
  finished.mutable_finished()->set_output_tail(tail + "x");
  world_.Say("w1", w1_, finished);
  ASSERT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_CRASHED));
  const std::string detail = world_.Results("j1")[0].detail();
  const size_t line = detail.find('\n');
  ASSERT_NE(line, std::string::npos);
  EXPECT_NE(static_cast<unsigned char>(detail[line + 1]) & 0xC0, 0x80) << "half a character";
}

TEST_F(DirectorMessagesTest, AnEmptyMessageAndASecondRegistrationEndTheStream) {
  world_.Say("w1", w1_, v1::AttachRequest());
  ASSERT_TRUE(w1_->closed().has_value());
  EXPECT_THAT(*w1_->closed(), Fails(absl::StatusCode::kInvalidArgument, "empty"));
  v1::AttachRequest again;
  *again.mutable_register_() = RegistrationOf("w2", 1);
  world_.Say("w2", w2_, again);
  ASSERT_TRUE(w2_->closed().has_value());
  EXPECT_THAT(*w2_->closed(), Fails(absl::StatusCode::kInvalidArgument, "register"));
}

TEST_F(DirectorMessagesTest, WhatAStrangerSaysIsHandledAndMeansNothing) {
  bool handled = false;
  const Link stranger = std::make_shared<FakeWorkerLink>();
  for (const char* name : {"w1", "nobody"}) {
    world_.director().Receive(name, stranger.get(), ResultOf("j1-1", j1_, 0),
                              [&] { handled = true; });
    EXPECT_TRUE(handled);
    handled = false;
  }
  world_.Settle();
  EXPECT_THAT(world_.Results("j1"), IsEmpty());
}

}  // namespace
}  // namespace basisbench
