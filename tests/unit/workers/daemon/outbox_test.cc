// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/outbox.h"

#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/workers/daemon/daemon_test_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::CaseResult RecordOf(uint32_t index, const std::string& detail = "") {
  v1::CaseResult record;
  record.set_job_id("j1");
  record.mutable_case_()->set_index(index);
  record.set_detail(detail);
  return record;
}

class OutboxTest : public testing::Test {
 protected:
  void Restart() {
    outbox_.reset();
    outbox_ = std::make_unique<Outbox>(folder_.path());
  }
  void Finish(const std::string& attempt) {
    v1::AttemptFinished finished;
    finished.set_attempt_id(attempt);
    outbox_->AddFinished(finished);
  }
  void Acknowledge(const std::string& attempt, std::optional<uint32_t> index) {
    v1::Acknowledged acknowledged;
    acknowledged.set_attempt_id(attempt);
    if (index.has_value()) acknowledged.set_case_index(*index);
    outbox_->Acknowledge(acknowledged);
  }
  // "a1/3" for a record, "a1 ended" for an ending.
  std::vector<std::string> Pending() const {
    std::vector<std::string> texts;
    for (const v1::AttachRequest& message : outbox_->Pending()) {
      texts.push_back(message.has_result()
                          ? absl::StrCat(message.result().attempt_id(), "/",
                                         message.result().result().case_().index())
                          : absl::StrCat(message.finished().attempt_id(), " ended"));
    }
    return texts;
  }
  size_t FilesLeft() const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      ++count;
    return count;
  }
  void WriteFile(const std::string& name, const std::string& content) {
    std::ofstream(folder_.path() + "/" + name, std::ios::binary) << content;
  }

  ScratchFolder folder_;
  std::unique_ptr<Outbox> outbox_ = std::make_unique<Outbox>(folder_.path());
};

TEST_F(OutboxTest, RecordsGoBeforeTheEndingOfTheirAttempt) {
  Finish("a1");
  outbox_->AddResult("a2", RecordOf(0));
  outbox_->AddResult("a1", RecordOf(10));
  outbox_->AddResult("a1", RecordOf(9));
  EXPECT_THAT(Pending(), ElementsAre("a1/9", "a1/10", "a1 ended", "a2/0"));
  EXPECT_THAT(outbox_->EndedAttempts(), ElementsAre("a1"));
}

TEST_F(OutboxTest, WhatIsNotAcknowledgedSurvivesARestart) {
  outbox_->AddResult("a1", RecordOf(1, "first"));
  outbox_->AddResult("a1", RecordOf(2));
  Acknowledge("a1", 2);
  Restart();
  ASSERT_THAT(Pending(), ElementsAre("a1/1"));
  EXPECT_EQ(outbox_->Pending()[0].result().result().detail(), "first");
  EXPECT_EQ(outbox_->Pending()[0].result().result().attempt_id(), "a1");
  Acknowledge("a1", 1);
  EXPECT_EQ(FilesLeft(), 0u);
  Restart();
  EXPECT_THAT(Pending(), IsEmpty());
}

TEST_F(OutboxTest, AnAcknowledgementForgetsWhatItNamesAndNothingElse) {
  outbox_->AddResult("a1", RecordOf(0));
  Finish("a1");
  Acknowledge("a1", 7);
  Acknowledge("a2", 0);
  EXPECT_THAT(Pending(), ElementsAre("a1/0", "a1 ended"));
  Acknowledge("a1", std::nullopt);
  EXPECT_THAT(Pending(), ElementsAre("a1/0"));
  Acknowledge("a1", 0);
  Acknowledge("a1", 0);
  EXPECT_THAT(Pending(), IsEmpty());
}

TEST_F(OutboxTest, ARecordReportedAgainReplacesTheFirst) {
  outbox_->AddResult("a1", RecordOf(0, "old"));
  outbox_->AddResult("a1", RecordOf(0, "new"));
  ASSERT_EQ(outbox_->Pending().size(), 1u);
  Restart();
  ASSERT_EQ(outbox_->Pending().size(), 1u);
  EXPECT_EQ(outbox_->Pending()[0].result().result().detail(), "new");
}

TEST_F(OutboxTest, AnEndingIsOfNoUseAfterARestart) {
  outbox_->AddResult("a1", RecordOf(0));
  Finish("a1");
  Restart();
  EXPECT_THAT(Pending(), ElementsAre("a1/0"));
  EXPECT_EQ(FilesLeft(), 1u);
}

TEST_F(OutboxTest, EndingsTheCoordinatorDisownsAreForgottenAndTheirRecordsAreNot) {
  outbox_->AddResult("a1", RecordOf(0));
  Finish("a1");
  Finish("a2");
  outbox_->KeepEndingsOf({"a2"});
  EXPECT_THAT(Pending(), ElementsAre("a1/0", "a2 ended"));
}

TEST_F(OutboxTest, WhatIsNoRecordIsRemoved) {
  WriteFile("garbage", "\xff\xff\xff");
  WriteFile("empty", "");
  v1::AttachRequest other;
  other.mutable_keep_alive()->set_sequence(1);
  WriteFile("other", other.SerializeAsString());
  Restart();
  EXPECT_THAT(Pending(), IsEmpty());
  EXPECT_EQ(FilesLeft(), 0u);
}

// A daemon that is killed while it writes leaves the file under its temporary name; were it loaded,
// acknowledging could never remove it.
TEST_F(OutboxTest, AHalfWrittenFileIsRemoved) {
  outbox_->AddResult("a1", RecordOf(0));
  const std::filesystem::path written = std::filesystem::directory_iterator(folder_.path())->path();
  std::filesystem::rename(written, written.string() + ".new");
  Restart();
  EXPECT_THAT(Pending(), IsEmpty());
  EXPECT_EQ(FilesLeft(), 0u);
}

TEST_F(OutboxTest, NamesOfAttemptsCannotLeaveTheFolder) {
  outbox_->AddResult("../../escape/a", RecordOf(0));
  EXPECT_EQ(FilesLeft(), 1u);
  Restart();
  EXPECT_THAT(Pending(), ElementsAre("../../escape/a/0"));
}

TEST_F(OutboxTest, WithoutASpoolMessagesAreKeptInMemory) {
  std::filesystem::remove_all(folder_.path());
  outbox_->AddResult("a1", RecordOf(0));
  EXPECT_THAT(Pending(), ElementsAre("a1/0"));
}

}  // namespace
}  // namespace basisbench
