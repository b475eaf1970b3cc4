// SPDX-License-Identifier: Apache-2.0
// compare as a build of somebody else calls it: a kept baseline, a new job, an exit code.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/exit_code.h"
#include "services/cli/proto_json.h"
#include "tests/unit/services/cli/fake_coordinator.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

std::string Exported(const std::vector<v1::CaseResult>& records) {
  std::string text;
  for (const v1::CaseResult& record : records) {
    text += ToJson(record, Defaults::kKeep).dump() + "\n";
  }
  return text;
}

TEST(CompareVerb, HoldsAJobAgainstAKeptBaseline) {
  FakeCoordinator fake;
  const std::string baseline = Exported({Record("x", 1), Record("gone", 1)});
  const auto compare = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"--coordinator", fake.target(), "compare", "-", "j1"};
    words.insert(words.end(), more.begin(), more.end());
    return RunWords(words, baseline);
  };
  fake.results = {Record("x", 1.5)};
  EXPECT_EQ(compare({}).code, kExitOk);
  EXPECT_EQ(compare({"--fail-on-regression"}).code, kExitRegression);
  EXPECT_EQ(compare({"--fail-on", "slower"}).code, kExitRegression);
  EXPECT_EQ(compare({"--fail-on", "slower", "--threshold", "60%"}).code, kExitOk);
  const Ran missing = compare({"--fail-on", "missing", "--threshold", "60%"});
  EXPECT_EQ(missing.code, kExitRegression);
  EXPECT_THAT(missing.err, HasSubstr("only in the first: gone 512x768x3072"));
  EXPECT_THAT(missing.out, HasSubstr("SAME"));
  fake.results[0].set_outcome(v1::OUTCOME_CRASHED);
  EXPECT_EQ(compare({"--fail-on-regression"}).code, kExitVerificationFailed);
}

TEST(CompareVerb, NeedsNoCoordinatorForTwoFilesOrOne) {
  v1::CaseResult monarch = Record("monarch", 0.5);
  const Ran between = RunWords({"compare", "-", "--between", "x,monarch", "-o", "json"},
                               Exported({Record("x", 1), monarch}));
  EXPECT_EQ(between.code, kExitOk) << between.err;
  const Json rows = Json::parse(between.out);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["operator"], "x");
  EXPECT_EQ(rows[0]["second_operator"], "monarch");
  EXPECT_EQ(rows[0]["ratio"], 0.5);
  EXPECT_EQ(rows[0]["verdict"], "FASTER");
}

TEST(CompareVerb, ListsTheOperatorsOfAJobAtEqualBudgets) {
  FakeCoordinator fake;
  v1::CaseResult dense = Record("matmul", 1), crashed = Record("broken", 1);
  dense.mutable_case_()->set_baseline(true);
  crashed.mutable_case_()->set_index(1);
  crashed.set_outcome(v1::OUTCOME_CRASHED);
  fake.results = {dense, crashed};
  const Ran ran = RunWords({"--coordinator", fake.target(), "compare", "j1", "--equal", "flops"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1 times matmul's executed FLOPs"));
  EXPECT_THAT(ran.err, HasSubstr("left out: broken row of 512x768x3072 f32, 2 ranks (CRASHED)"));
  const Ran none = RunWords({"compare", "-", "--equal", "bytes"}, Exported({Record("x", 1)}));
  EXPECT_EQ(none.code, kExitUsage);
  EXPECT_THAT(none.err, HasSubstr("no MatMul"));
}

TEST(CompareVerb, ExitsTwoOnWrongUsage) {
  const std::string records = Exported({Record("x", 1)});
  const struct {
    std::vector<std::string> words;
    const char* says;
  } cases[] = {{{"compare", "j1"}, "compare needs two jobs"},
               {{"compare", "j1", "--between", "a"}, "--between: 'a' is not two operators"},
               {{"compare", "a", "b", "--between", "x,y"}, "two are named"},
               {{"compare", "a", "--equal", "time"},
                "--equal: 'time' is none of parameters, flops, bytes, error"},
               {{"compare", "a", "b", "--equal", "flops"}, "two are named"},
               {{"compare", "a", "--equal", "flops", "--between", "x,y"}, "exclude each other"},
               {{"compare", "a", "--equal", "flops", "--fail-on", "slower"}, "not --equal"},
               {{"compare", "a", "b", "--fail-on", "slow"}, "--fail-on: 'slow'"},
               {{"compare", "./nowhere.jsonl", "j1"}, "cannot read './nowhere.jsonl'"}};
  for (const auto& c : cases) {
    const Ran ran = RunWords(c.words);
    EXPECT_EQ(ran.code, kExitUsage) << c.says;
    EXPECT_THAT(ran.err, HasSubstr(c.says));
  }
  const Ran unknown = RunWords({"compare", "-", "--between", "x,y"}, records);
  EXPECT_EQ(unknown.code, kExitNotFound);
  EXPECT_THAT(unknown.err, HasSubstr("no case of operator 'y'"));
}

}  // namespace
}  // namespace basisbench
