// SPDX-License-Identifier: Apache-2.0
#include "services/cli/record_file.h"

#include <limits>
#include <sstream>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "services/cli/proto_json.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::vector<v1::CaseResult>> Parse(const std::string& text) {
  std::istringstream in(text);
  return ParseRecords("old.jsonl", in);
}

TEST(RecordFile, ReadsBackWhatExportWrites) {
  v1::CaseResult record = Record("monarch", 0.00123456789012345);
  record.mutable_case_()->set_seed(std::numeric_limits<uint64_t>::max());
  record.mutable_cost()->set_wire_bytes_total((int64_t{1} << 53) + 1);
  record.mutable_start_time()->set_seconds(1'700'000'000);
  record.mutable_start_time()->set_nanos(123'456'789);
  record.mutable_energy_joules()->set_note("no counter");
  (*record.mutable_case_()->mutable_operator_()->mutable_parameters())["blocks"] = "32";
  record.mutable_timing()->add_samples()->add_seconds(0.5);
  const std::string line = ToJson(record, Defaults::kKeep).dump();
  const auto read = Parse(line + "\n\n" + line + "\r\n");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  for (const v1::CaseResult& copy : *read) {
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(copy, record))
        << copy.DebugString();
  }
}

TEST(RecordFile, PassesOverFieldsOfANewerProgram) {
  const auto read = Parse(
      R"({"case":{"operator":{"name":"wht"},"newer":[1]},"outcome":"OUTCOME_OK","future":{"a":1}})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->at(0).case_().operator_().name(), "wht");
}

TEST(RecordFile, NamesTheLineThatHoldsNoRecord) {
  const std::string good = R"({"case":{"operator":{"name":"wht"}},"outcome":"OUTCOME_OK"})"
                           "\n";
  const struct {
    std::string text;
    const char* says;
  } cases[] = {{good + "{\"case\":", "old.jsonl:2: "},
               {good + "\n{\"index\":0}\n", "old.jsonl:3: no record of a case"},
               {"index,operator\n0,wht\n", "old.jsonl:1: "},
               {R"({"case":{"operator":{"name":"wht"}}})", "old.jsonl:1: no record of a case"},
               {"\n", "old.jsonl: holds no record"}};
  for (const auto& c : cases) {
    const auto read = Parse(c.text);
    EXPECT_TRUE(absl::IsInvalidArgument(read.status())) << c.text;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(c.says));
  }
}

TEST(RecordFile, ReadsAFileOrStandardInput) {
  std::istringstream in("{}");
  EXPECT_THAT(std::string(ReadRecordFile("/nonexistent/x.jsonl", in).status().message()),
              HasSubstr("cannot read '/nonexistent/x.jsonl': No such file"));
  EXPECT_THAT(std::string(ReadRecordFile("-", in).status().message()),
              HasSubstr("standard input:1: no record of a case"));
}

}  // namespace
}  // namespace basisbench
