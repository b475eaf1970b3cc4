// SPDX-License-Identifier: Apache-2.0
// The report as text and the verb as people call it. How the page looks is tested in tests/report.
#include "services/cli/frontier_report.h"

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/cli/exit_code.h"
#include "services/cli/proto_json.h"
#include "services/report/assets.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/cli/fake_coordinator.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<v1::CaseResult> Pair(const std::string& op) {
  std::vector<v1::CaseResult> records = {Record("matmul", 2e-3), Record(op, 1e-3)};
  records[0].mutable_case_()->set_baseline(true);
  records[1].mutable_case_()->set_index(1);
  v1::BaselineComparison& comparison = *records[1].mutable_comparison();
  comparison.set_verdict("FASTER");
  comparison.set_speedup(2);
  return records;
}

std::string ReportOf(const std::vector<v1::CaseResult>& records) {
  const auto frontier = BuildFrontier(records, {});
  EXPECT_THAT(frontier, IsOk());
  const auto page = FrontierReport(*frontier);
  return page.ok() ? *page : "";
}

std::string DataOf(const std::string& page) {
  const std::string start = "<script type=\"application/json\" id=\"data\">";
  const size_t from = page.find(start) + start.size();
  return page.substr(from, page.find("</script>", from) - from);
}

TEST(FrontierReport, SaysSoWhereTheBuildHasNoScript) {
  const auto records = Pair("wht");
  const auto page = FrontierReport(*BuildFrontier(records, {}));
  if (!ReportScript().empty()) {
    EXPECT_THAT(page, IsOk());
  } else {
    EXPECT_THAT(page, Fails(absl::StatusCode::kUnimplemented, "./dev build"));
  }
}

TEST(FrontierReport, HoldsTextOfRecordsAsDataOnly) {
  if (ReportScript().empty()) GTEST_SKIP() << "built without node_modules";
  const std::string hostile =
      "</script><script>alert(1)</script><img src=x onerror=alert(2)>&'\"\xff";
  auto records = Pair(hostile);
  records[1].set_reproduce(hostile);
  records[1].mutable_environment()->mutable_nodes(0)->set_cpu_model("CPU A");
  const std::string page = ReportOf(records);
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  // It is there all the same, in the answer as text and in the data as a string.
  EXPECT_THAT(page, HasSubstr("&lt;/script&gt;&lt;script&gt;alert(1)"));
  const auto data = nlohmann::json::parse(DataOf(page));
  EXPECT_THAT(data["points"][1]["name"].get<std::string>(), HasSubstr("</script><script>alert(1)"));
}

TEST(FrontierReport, DoesNotFillInPlaceholdersThatRecordsBring) {
  if (ReportScript().empty()) GTEST_SKIP() << "built without node_modules";
  const std::string page = ReportOf(Pair("@SCRIPT@@DATA@"));
  EXPECT_THAT(page, HasSubstr("@SCRIPT@@DATA@"));
  const std::string frame = page.substr(0, page.find("<header>"));
  for (const char* name : {"@SCRIPT_HASH@", "@STYLE@"}) EXPECT_THAT(frame, Not(HasSubstr(name)));
}

TEST(FrontierReport, AsksForNothingFromAnywhere) {
  if (ReportScript().empty()) GTEST_SKIP() << "built without node_modules";
  const std::string page = ReportOf(Pair("wht"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("script-src 'sha256-"));
  for (const char* word : {" src=", "<link", "@import", "url(", "unsafe-eval"}) {
    EXPECT_THAT(page, Not(HasSubstr(word))) << word;
  }
}

TEST(FrontierReport, OpensAtTheCostAskedFor) {
  if (ReportScript().empty()) GTEST_SKIP() << "built without node_modules";
  const auto records = Pair("wht");
  const auto page = FrontierReport(*BuildFrontier(records, {}), Axis::kWire);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(nlohmann::json::parse(DataOf(*page))["axis"], "wire");
}

TEST(WriteReport, SaysWhereItCouldNot) {
  EXPECT_THAT(WriteReport("/nowhere/at/all.html", "x"),
              Fails(absl::StatusCode::kInternal, "/nowhere/at/all.html"));
  const std::string path = ::testing::TempDir() + "/frontier_report_test.html";
  ASSERT_THAT(WriteReport(path, "first"), IsOk());
  ASSERT_THAT(WriteReport(path, "second"), IsOk());
  std::ifstream file(path);
  EXPECT_EQ(std::string((std::istreambuf_iterator<char>(file)), {}), "second");
  std::remove(path.c_str());
}

TEST(FrontierVerb, ReadsJobsAndFilesAlike) {
  FakeCoordinator fake;
  fake.results = Pair("wht");
  const Ran from_job = RunWords({"--coordinator", fake.target(), "frontier", "j1", "-o", "json"});
  EXPECT_EQ(from_job.code, kExitOk) << from_job.err;
  std::string lines;
  for (const v1::CaseResult& r : Pair("wht")) {
    absl::StrAppend(&lines, ToJson(r, Defaults::kKeep).dump(), "\n");
  }
  const Ran from_file = RunWords({"frontier", "--export-file", "-", "-o", "json"}, lines);
  EXPECT_EQ(from_file.code, kExitOk) << from_file.err;
  EXPECT_EQ(from_job.out, from_file.out);
  EXPECT_EQ(nlohmann::json::parse(from_file.out)["points"].size(), 2u);
}

TEST(FrontierVerb, PrintsTheAnswerForPeopleAndRowsForPrograms) {
  FakeCoordinator fake;
  fake.results = Pair("wht");
  const std::vector<std::string> words = {"--coordinator", fake.target(), "frontier", "j1"};
  const Ran people = RunWords(words);
  EXPECT_THAT(people.out, HasSubstr("1 of 1 alternatives beat MatMul"));
  EXPECT_THAT(people.out, HasSubstr("Relative error by type"));
  std::vector<std::string> csv = words;
  csv.insert(csv.end(), {"-o", "csv", "--x", "flops"});
  const Ran rows = RunWords(csv);
  const std::vector<std::string> lines = absl::StrSplit(rows.out, "\r\n", absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 3u) << rows.out;
  EXPECT_THAT(lines[0], HasSubstr("operator,sharding,group,ranks,dtype,median_seconds"));
}

TEST(FrontierVerb, RefusesWhatItCannotDo) {
  EXPECT_EQ(RunWords({"frontier"}).code, kExitUsage);
  EXPECT_EQ(RunWords({"frontier", "j", "--x", "miles"}).code, kExitUsage);
  const Ran broken = RunWords({"frontier", "--export-file", "-"}, "{\"case\":\n");
  EXPECT_EQ(broken.code, kExitInvalidSpec);
  EXPECT_THAT(broken.err, HasSubstr("standard input:1: "));
  FakeCoordinator fake;
  fake.results = Pair("wht");
  fake.results[1].mutable_environment()->set_method_version(9);
  const std::vector<std::string> words = {"--coordinator", fake.target(), "frontier", "j1"};
  EXPECT_EQ(RunWords(words).code, kExitUsage);
  std::vector<std::string> forced = words;
  forced.push_back("--force");
  const Ran ran = RunWords(forced);
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.err, HasSubstr("warning: the records are of different method versions (1, 9)"));
}

}  // namespace
}  // namespace basisbench
