// SPDX-License-Identifier: Apache-2.0
// predict as a user meets it: marks in every format, refusals, exit codes.
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/cli/exit_code.h"
#include "services/cli/printer.h"
#include "services/cli/proto_json.h"
#include "tests/unit/services/cli/fake_coordinator.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Cost of a made-up operator that sends its rows to every other rank.
v1::Cost CostOf(const v1::Shape& shape, uint32_t ranks) {
  v1::Cost cost;
  const double n = static_cast<double>(shape.d_in());
  cost.set_flops_executed(2 * static_cast<double>(shape.tokens()) * n * n);
  cost.set_bytes_per_rank(shape.tokens() * shape.d_in() * 4 / ranks);
  if (ranks == 1) return cost;
  v1::CollectiveTraffic& traffic = *cost.add_traffic();
  traffic.set_messages_sent(ranks - 1);
  traffic.set_bytes_sent(shape.tokens() * shape.d_in() * 4 / ranks);
  return cost;
}

double SecondsOf(const v1::Cost& cost, uint32_t ranks, double rate) {
  double seconds = cost.flops_executed() / ranks * rate;
  for (const auto& traffic : cost.traffic()) {
    seconds += 1e-5 * static_cast<double>(traffic.messages_sent()) +
               1e-9 * static_cast<double>(traffic.bytes_sent());
  }
  return seconds;
}

v1::CaseResult Measured(const std::string& op, int64_t size, uint32_t ranks, bool across_hosts) {
  v1::CaseResult record = Record(op, 0);
  v1::Case& c = *record.mutable_case_();
  c.mutable_shape()->set_tokens(size);
  c.mutable_shape()->set_d_in(size);
  c.mutable_shape()->set_d_out(size);
  c.set_ranks(ranks);
  c.set_baseline(op == "matmul");
  c.set_comparison_group(absl::StrCat(size, " f32 r", ranks, " hot"));
  *record.mutable_cost() = CostOf(c.shape(), ranks);
  record.mutable_timing()->mutable_seconds()->set_median(
      SecondsOf(record.cost(), ranks, op == "matmul" ? 1e-10 : 5e-11));
  record.mutable_environment()->clear_nodes();
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    v1::NodeConditions& node = *record.mutable_environment()->add_nodes();
    node.set_worker(across_hosts ? absl::StrCat("w", rank) : "w0");
    node.set_hostname(node.worker());
    node.set_cpu_model("CPU A");
  }
  return record;
}

// A coordinator with a sweep of two operators; it declares costs at any world size but 7.
class PredictTest : public ::testing::Test {
 protected:
  explicit PredictTest(bool across_hosts = true) {
    for (const char* op : {"matmul", "wht"}) {
      for (const int64_t size : {64, 128, 256}) {
        for (const uint32_t ranks : {1, 2, 4}) {
          fake_.results.push_back(Measured(op, size, ranks, across_hosts));
        }
      }
    }
    fake_.submit = [](const v1::SubmitJobRequest& request, v1::SubmitJobResponse* response) {
      EXPECT_TRUE(request.validate_only());
      const v1::JobSpec& spec = request.spec();
      if (spec.ranks(0) == 7) {
        return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                            "spec.operators[0]: can run none of its cases; 7 ranks: 7 is odd");
      }
      v1::CheckedCase& checked = *response->add_cases();
      checked.mutable_resolved()->set_grid("1x" + std::to_string(spec.ranks(0)));
      *checked.mutable_cost() = CostOf(spec.shapes(0), spec.ranks(0));
      return grpc::Status::OK;
    };
  }

  Ran Predict(std::vector<std::string> more, const std::string& input = "") {
    std::vector<std::string> words = {"--coordinator", fake_.target(), "predict"};
    words.insert(words.end(), more.begin(), more.end());
    return RunWords(words, input);
  }

  FakeCoordinator fake_;
};

class OneHostPredictTest : public PredictTest {
 protected:
  OneHostPredictTest() : PredictTest(/*across_hosts=*/false) {}
};

TEST_F(PredictTest, MarksEveryRowOfEveryFormat) {
  for (const std::string& format : FormatNames()) {
    const Ran ran = Predict({"j1", "--ranks", "64", "-o", format});
    ASSERT_EQ(ran.code, 0) << ran.err;
    size_t marks = 0;
    for (const auto& line : absl::StrSplit(ran.out, '\n')) {
      marks += absl::StrContains(line, "PREDICTION") ? 1 : 0;
    }
    EXPECT_GE(marks, 6u) << format << "\n" << ran.out;
  }
}

TEST_F(PredictTest, GivesEachRowItsErrorAndPartsInBaseUnits) {
  const Ran ran = Predict({"j1", "--ranks", "64", "-o", "json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json rows = Json::parse(ran.out);
  ASSERT_EQ(rows.size(), 6u);
  for (const Json& row : rows) {
    EXPECT_EQ(row["kind"], "PREDICTION");
    const double rate = row["operator"] == "matmul" ? 1e-10 : 5e-11;
    v1::Shape shape;
    const std::string text = row["shape"];
    const int64_t size = std::stoll(text);
    shape.set_tokens(size);
    shape.set_d_in(size);
    const double planted = SecondsOf(CostOf(shape, 64), 64, rate);
    EXPECT_NEAR(row["predicted_seconds"].get<double>() / planted, 1, 1e-4) << text;
    EXPECT_NEAR(row["predicted_latency_seconds"].get<double>(), 63e-5, 1e-8);
    EXPECT_LT(row["leave_one_out_error"].get<double>(), 1e-4);
    EXPECT_LE(row["predicted_low_seconds"], row["predicted_seconds"]);
    EXPECT_GE(row["predicted_high_seconds"], row["predicted_seconds"]);
    EXPECT_EQ(row["network"], "fitted on several hosts");
    EXPECT_EQ(row["grid"], "1x64");
    EXPECT_EQ(row["fitted_ranks_max"], 4);
    EXPECT_EQ(row["predicted_speedup"].is_null(), row["operator"] == "matmul");
  }
}

TEST_F(PredictTest, SaysOfEachCaseWhyItCannotRunThere) {
  const Ran ran = Predict({"j1", "--ranks", "7,8", "-o", "json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  for (const Json& row : Json::parse(ran.out)) {
    EXPECT_EQ(row["kind"], "PREDICTION");
    EXPECT_EQ(row["predicted_seconds"].is_null(), row["ranks"] == 7);
    EXPECT_EQ(row["note"] == "7 is odd", row["ranks"] == 7);
  }
  const Ran table = Predict({"j1", "--ranks", "7,8"});
  EXPECT_THAT(table.out, HasSubstr("refused, see (1)"));
  EXPECT_THAT(table.out, HasSubstr("(1) 7 is odd"));
  const Ran nothing = Predict({"j1", "--ranks", "7"});
  EXPECT_EQ(nothing.code, kExitUsage);
  EXPECT_THAT(nothing.err, HasSubstr("no prediction: 7 is odd"));
}

TEST_F(OneHostPredictTest, RefusesToCrossABoundaryTheFitNeverSaw) {
  const Ran refused = Predict({"j1", "--ranks", "1024"});
  EXPECT_EQ(refused.code, kExitUsage);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("the fitted cases ran on one worker; 1024 ranks would send "
                                     "messages on several hosts"));
  // What was measured may be predicted.
  EXPECT_EQ(Predict({"j1", "--ranks", "3"}).code, 0);
}

TEST_F(OneHostPredictTest, MarksANetworkThatWasGiven) {
  for (const char* format : {"table", "csv", "json", "yaml", "jsonl"}) {
    const Ran ran = Predict(
        {"j1", "--ranks", "1024", "--network", "latency=2us,bandwidth=25GB/s", "-o", format});
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("as given, not measured")) << format;
    EXPECT_THAT(ran.out, Not(HasSubstr("fitted on several hosts"))) << format;
  }
}

TEST_F(PredictTest, FitsExportedRecordsAsWell) {
  std::string exported;
  for (const v1::CaseResult& record : fake_.results) {
    exported += ToJson(record, Defaults::kKeep).dump() + "\n";
  }
  const Ran from_job = Predict({"j1", "--ranks", "64", "-o", "json"});
  const Ran from_file = Predict({"--export-file", "-", "--ranks", "64", "-o", "json"}, exported);
  EXPECT_EQ(from_file.code, 0) << from_file.err;
  EXPECT_EQ(from_file.out, from_job.out);
}

TEST_F(PredictTest, ExitsTwoOnWrongUsage) {
  const struct {
    std::vector<std::string> words;
    const char* says;
  } cases[] = {{{"--ranks", "8"}, "nothing to fit"},
               {{"j1"}, "--ranks is required"},
               {{"j1", "--ranks", "none"}, "--ranks: 'none'"},
               {{"j1", "--ranks", "8", "--network", "fast"}, "--network: 'fast'"},
               {{"--export-file", "/nonexistent", "--ranks", "8"}, "--export-file: cannot read"}};
  for (const auto& c : cases) {
    const Ran ran = Predict(c.words);
    EXPECT_EQ(ran.code, kExitUsage) << c.says;
    EXPECT_THAT(ran.err, HasSubstr(c.says));
  }
}

TEST_F(PredictTest, PassesOnWhatTheCoordinatorCannotAnswer) {
  fake_.submit = [](const v1::SubmitJobRequest&, v1::SubmitJobResponse*) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "no worker is attached");
  };
  const Ran ran = Predict({"j1", "--ranks", "8"});
  EXPECT_EQ(ran.code, kExitUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("no worker is attached"));
}

}  // namespace
}  // namespace basisbench
