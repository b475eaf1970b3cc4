// SPDX-License-Identifier: Apache-2.0
// The whole command line against a coordinator of canned answers: exit codes, help, the manual.
#include "services/cli/cli.h"

#include <fstream>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/exit_code.h"
#include "tests/unit/services/cli/fake_coordinator.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kVerbs = {"run",      "submit",  "validate", "watch",      "get",
                                         "describe", "results", "compare",  "cancel",     "delete",
                                         "export",   "local",   "doctor",   "completion", "version",
                                         "frontier", "predict"};

TEST(Cli, AnswersEveryStatusWithItsExitCode) {
  const struct {
    grpc::StatusCode status;
    int code;
  } cases[] = {
      {grpc::StatusCode::NOT_FOUND, 3},           {grpc::StatusCode::INVALID_ARGUMENT, 4},
      {grpc::StatusCode::UNAVAILABLE, 5},         {grpc::StatusCode::DEADLINE_EXCEEDED, 5},
      {grpc::StatusCode::UNAUTHENTICATED, 5},     {grpc::StatusCode::RESOURCE_EXHAUSTED, 5},
      {grpc::StatusCode::FAILED_PRECONDITION, 1}, {grpc::StatusCode::INTERNAL, 1}};
  FakeCoordinator fake;
  for (const auto& c : cases) {
    fake.get = [&](v1::Job*) { return grpc::Status(c.status, "because"); };
    const Ran ran = RunWords({"--coordinator", fake.target(), "describe", "job", "j1"});
    EXPECT_EQ(ran.code, c.code) << c.status;
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("error: "));
  }
}

TEST(Cli, ExitsTwoOnWrongUsageAndSaysWhatWasMeant) {
  const struct {
    std::vector<std::string> words;
    const char* says;
  } cases[] = {{{}, "Usage:"},
               {{"submti"}, "no verb 'submti'; did you mean 'submit'?"},
               {{"get", "wokers"}, "no verb 'wokers'; did you mean 'workers'?"},
               {{"run", "--opertors", "x"}, "no flag '--opertors'; did you mean '--operators'?"},
               {{"get", "jobs", "-o", "jsn"}, "did you mean 'json'?"},
               {{"--timeout", "soon", "version"}, "--timeout: 'soon' is not a duration"},
               {{"--coordinator", "nonsense", "get", "jobs"}, "'nonsense' is not an address"},
               {{"--coordinator", "example.org:1", "get", "jobs"}, "example.org:1"},
               {{"compare", "a", "b", "--threshold", "x"}, "--threshold: 'x'"},
               {{"delete", "j1"}, "give --yes"},
               {{"describe", "case", "j1"}, "expected JOB/INDEX"}};
  for (const auto& c : cases) {
    const Ran ran = RunWords(c.words);
    EXPECT_EQ(ran.code, kExitUsage) << c.says;
    EXPECT_THAT(ran.err, HasSubstr(c.says));
  }
}

TEST(Cli, ExitsFourOnABadSpecBeforeAnythingIsSent) {
  const Ran ran = RunWords({"--coordinator", "127.0.0.1:1", "submit", "-f", "-"}, "opertors: x\n");
  EXPECT_EQ(ran.code, kExitInvalidSpec);
  EXPECT_THAT(ran.err, HasSubstr("standard input:1: no field 'opertors'"));
}

TEST(Cli, ExitsFiveWhenNothingListens) {
  const Ran ran = RunWords({"--coordinator", "127.0.0.1:1", "--timeout", "5s", "get", "jobs"});
  EXPECT_EQ(ran.code, kExitUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("cannot reach the coordinator at 127.0.0.1:1"));
}

TEST(Cli, SubmitsFileAndFlagsAndPrintsOnlyTheId) {
  FakeCoordinator fake;
  v1::SubmitJobRequest seen;
  fake.submit = [&](const v1::SubmitJobRequest& request, v1::SubmitJobResponse* response) {
    seen = request;
    *response->mutable_job() = JobIn(v1::JOB_STATE_QUEUED);
    return grpc::Status::OK;
  };
  const Ran ran = RunWords(
      {"--coordinator", fake.target(), "submit", "-f", "-", "--ranks", "1,2", "--label", "a=b"},
      "operators: [matmul]\nshapes: [8x8]\nranks: [9]\nbackend: cuda_mpi\n");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "j1\n");
  EXPECT_THAT(seen.spec().ranks(), ::testing::ElementsAre(1, 2));
  EXPECT_EQ(seen.spec().labels().at("a"), "b");
  EXPECT_EQ(seen.request_id().size(), 36u);
  EXPECT_EQ(seen.spec().backend(), "cuda_mpi");
  RunWords({"--coordinator", fake.target(), "submit", "-f", "-", "--backend", "cuda_nccl"},
           "operators: [matmul]\nshapes: [8x8]\nbackend: cuda_mpi\n");
  EXPECT_EQ(seen.spec().backend(), "cuda_nccl") << "a flag replaces what the file says";
}

TEST(Cli, ComparesTwoJobsAndFailsOnRegressionOnlyWhenAsked) {
  FakeCoordinator fake;
  fake.results = {Record("x", 1)};
  const std::vector<std::string> words = {"--coordinator", fake.target(), "compare", "a", "b"};
  EXPECT_EQ(RunWords(words).code, 0);
  // One job against itself, judged by a threshold nothing can meet both ways, is never SLOWER.
  std::vector<std::string> strict = words;
  strict.insert(strict.end(), {"--fail-on-regression", "--threshold", "0"});
  EXPECT_EQ(RunWords(strict).code, 0);
}

TEST(Cli, ShowsExamplesAndExitCodesInHelp) {
  const Ran help = RunWords({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr(kExitCodeHelp));
  for (const std::string& verb : kVerbs) {
    const Ran ran = RunWords({verb, "--help"});
    EXPECT_EQ(ran.code, 0) << verb;
    EXPECT_THAT(ran.out, HasSubstr("Example: ")) << verb;
  }
}

TEST(Cli, KeepsItsManualTrue) {
  std::ifstream file(BASISBENCH_SOURCE "/docs/cli.md");
  const std::string manual((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
  std::set<std::string> sections;
  for (const auto& line : absl::StrSplit(manual, '\n')) {
    if (line.substr(0, 4) == "### ") sections.insert(std::string(line.substr(4)));
  }
  EXPECT_EQ(sections, std::set<std::string>(kVerbs.begin(), kVerbs.end()));
  std::string help = RunWords({"--help-all"}).out;
  for (const std::string& verb : kVerbs) EXPECT_THAT(help, HasSubstr("\n" + verb + "\n"));
  // Verbs below verbs are not part of --help-all.
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"get", "jobs"}, {"local", "up"}, {"local", "down"}, {"local", "status"}}) {
    help += RunWords({words[0], words[1], "--help"}).out;
  }
  for (const absl::string_view word : absl::StrSplit(manual, absl::ByAnyChar(" \n`,;:()='|[]"))) {
    if (word.substr(0, 2) != "--" || word.size() < 4) continue;
    EXPECT_TRUE(absl::StrContains(help, word)) << "the manual names a flag that is none: " << word;
  }
  for (const int code : {0, 1, 2, 3, 4, 5, 6, 7, 8, 130}) {
    EXPECT_THAT(manual, HasSubstr("| " + std::to_string(code) + " |"));
  }
}

}  // namespace
}  // namespace basisbench
