// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_records.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

// A record of one rank per entry of `places`, which are worker names and hosts.
v1::CaseResult At(const std::vector<std::pair<std::string, std::string>>& places) {
  v1::CaseResult record = Record("matmul", 0.5);
  record.mutable_case_()->set_ranks(static_cast<uint32_t>(places.size()));
  record.mutable_environment()->clear_nodes();
  for (const auto& [worker, host] : places) {
    v1::NodeConditions& node = *record.mutable_environment()->add_nodes();
    node.set_worker(worker);
    node.set_hostname(host);
    node.set_cpu_model("CPU A");
  }
  record.mutable_cost()->set_bytes_per_rank(1000);
  return record;
}

TEST(CollectObservations, TakesWhatOneRankDoesFromTheRecord) {
  v1::CaseResult record = At({{"w0", "h0"}, {"w0", "h0"}});
  for (const int64_t bytes : {100, 20}) {
    v1::CollectiveTraffic& traffic = *record.mutable_cost()->add_traffic();
    traffic.set_bytes_sent(bytes);
    traffic.set_messages_sent(bytes / 10);
  }
  const auto fit = CollectObservations({record}, {});
  ASSERT_TRUE(fit.ok()) << fit.status();
  ASSERT_EQ(fit->observations.size(), 1u);
  const Observation& seen = fit->observations[0];
  EXPECT_EQ(seen.seconds, 0.5);
  EXPECT_EQ(seen.load.ranks, 2u);
  EXPECT_EQ(seen.load.flops, 1e9);
  EXPECT_EQ(seen.load.memory_seconds, 1000 / 1e10);  // 2e10 bytes/s of two ranks
  EXPECT_EQ(seen.load.messages, 12);
  EXPECT_EQ(seen.load.wire_bytes, 120);
  EXPECT_THAT(seen.load.kernel, HasSubstr("matmul f32"));
  // The same load comes from the declared cost at the same size.
  const RankLoad asked = LoadOf(record.case_(), record.cost(), fit->placement);
  EXPECT_EQ(asked.memory_seconds, seen.load.memory_seconds);
  EXPECT_EQ(asked.wire_bytes, 120);
  EXPECT_EQ(asked.kernel, seen.load.kernel);
}

TEST(SharingNote, WarnsOfMoreRanksThanTheShortestSideHasRows) {
  v1::Case c = Record("x", 1).case_();  // 512x768x3072
  c.set_ranks(512);
  EXPECT_EQ(SharingNote(c), "");
  c.set_ranks(513);
  EXPECT_THAT(SharingNote(c), HasSubstr("with a side of 512 some of 513 ranks may idle"));
}

TEST(CollectObservations, TellsHowFarMessagesGo) {
  const struct {
    std::vector<std::pair<std::string, std::string>> places;
    Level level;
  } cases[] = {{{{"w0", "h0"}, {"w0", "h0"}}, Level::kWorker},
               {{{"w0", "h0"}, {"w1", "h0"}}, Level::kHost},
               {{{"w0", "h0"}, {"w1", "h1"}}, Level::kNetwork},
               {{{"w0", ""}, {"w1", ""}}, Level::kNetwork}};
  for (const auto& c : cases) {
    EXPECT_EQ(CollectObservations({At(c.places)}, {})->observations[0].load.level, c.level)
        << LevelName(c.level);
  }
}

TEST(Placement, FillsTheHostsItHasSeenAndTheSlotsOfThoseThatAreAttached) {
  const std::vector<v1::CaseResult> records = {At({{"w0", "h0"}, {"w1", "h0"}})};
  std::vector<v1::WorkerInfo> workers(3);
  for (size_t i = 0; i < workers.size(); ++i) {
    workers[i].set_name("w" + std::to_string(i));
    workers[i].set_slots(i == 2 ? 100 : 4);  // w2 took no part
  }
  const Placement seen = CollectObservations(records, {})->placement;
  EXPECT_EQ(seen.LevelOf(1), Level::kWorker);
  EXPECT_EQ(seen.LevelOf(2), Level::kHost);
  EXPECT_EQ(seen.LevelOf(3), Level::kNetwork);
  const Placement attached = CollectObservations(records, workers)->placement;
  EXPECT_EQ(attached.LevelOf(4), Level::kWorker);
  EXPECT_EQ(attached.LevelOf(8), Level::kHost);
  EXPECT_EQ(attached.LevelOf(9), Level::kNetwork);
}

TEST(Placement, TakesTheCopyRoofOfTheNearestDensity) {
  Placement placement{.ranks_per_worker = 4, .ranks_per_host = 4, .copy_rates = {}};
  placement.copy_rates = {{1, {10, 12, 11}}, {4, {5}}};
  EXPECT_EQ(placement.CopyRate(1), 11);
  EXPECT_EQ(placement.CopyRate(3), 5);
  EXPECT_EQ(placement.CopyRate(1000), 5) << "hosts are filled";
}

TEST(CollectObservations, LeavesOutWhatCannotBeFittedAndSaysWhy) {
  std::vector<v1::CaseResult> records(6, At({{"w0", "h0"}}));
  records[1].set_outcome(v1::OUTCOME_INVALID_RESULT);
  records[2].mutable_validation()->set_passed(false);
  records[3].mutable_roofs()->clear_copy_bytes_per_second();
  records[4].mutable_environment()->clear_nodes();
  records[5].clear_cost();
  const auto fit = CollectObservations(records, {});
  ASSERT_TRUE(fit.ok());
  EXPECT_EQ(fit->observations.size(), 1u);
  EXPECT_EQ(fit->left_out.at("not ok and validated"), 2u);
  EXPECT_EQ(fit->left_out.at("no measured copy roof"), 1u);
  EXPECT_EQ(fit->left_out.at("no record of where it ran"), 1u);
  EXPECT_EQ(fit->left_out.at("no declared cost"), 1u);
  const auto none = CollectObservations({records[1]}, {});
  EXPECT_TRUE(absl::IsFailedPrecondition(none.status()));
  EXPECT_THAT(std::string(none.status().message()), HasSubstr("not ok and validated: 1"));
}

TEST(CollectObservations, RefusesUnlikeRecords) {
  const v1::CaseResult record = At({{"w0", "h0"}});
  v1::CaseResult method = record, machine = record, backend = record;
  method.mutable_environment()->set_method_version(2);
  machine.mutable_environment()->mutable_nodes(0)->set_cpu_model("CPU B");
  backend.mutable_case_()->set_backend("cuda_nccl");
  const struct {
    v1::CaseResult other;
    const char* says;
  } cases[] = {{method, "several method versions (1; 2)"},
               {machine, "several machines (CPU A; CPU B)"},
               {backend, "several backends (; cuda_nccl)"}};
  for (const auto& c : cases) {
    const auto fit = CollectObservations({record, c.other}, {});
    EXPECT_TRUE(absl::IsFailedPrecondition(fit.status()));
    EXPECT_THAT(std::string(fit.status().message()), HasSubstr(c.says));
  }
}

}  // namespace
}  // namespace basisbench
