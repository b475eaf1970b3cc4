// SPDX-License-Identifier: Apache-2.0
#include "services/cli/completion.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/cli/fake_coordinator.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

TEST(Completion, OffersWhatMayStandThere) {
  FakeCoordinator fake;
  fake.jobs = {JobIn(v1::JOB_STATE_QUEUED)};
  const struct {
    std::vector<std::string> words;
    const char* wanted;
  } cases[] = {{{"com"}, "compare\ncompletion\n"},
               {{"get", "w"}, "workers\n"},
               {{"run", "--pha"}, "--phase\n"},
               {{"run", "--phase", ""}, "prefill\ndecode\n"},
               {{"run", "--phase=d"}, "--phase=decode\n"},
               {{"run", "--cache", "hot,c"}, "hot,cold\n"},
               {{"submit", "--backend", "cuda"}, "cuda_nccl\ncuda_mpi\n"},
               {{"get", "jobs", "-o", "j"}, "json\njsonl\n"},
               {{"watch", "--coordinator", "TARGET", ""}, "j1\n"},
               {{"--coordinator=TARGET", "compare", "a", "j"}, "j1\n"},
               {{"--coordinator=TARGET", "compare", "a", "b", ""}, ""},
               {{"--coordinator=TARGET", "cancel", "a", "b", "j"}, "j1\n"},
               {{"compare", "--equal", "p"}, "parameters\n"},
               {{"compare", "--fail-on", "slower,m"}, "slower,missing\n"},
               {{"completion", "z"}, "zsh\n"},
               {{"no", "such", "thing"}, ""}};
  for (const auto& c : cases) {
    std::vector<std::string> words = {"__complete"};
    for (std::string word : c.words) {
      const size_t target = word.find("TARGET");
      if (target != std::string::npos) word.replace(target, 6, fake.target());
      words.push_back(word);
    }
    const Ran ran = RunWords(words);
    EXPECT_EQ(ran.out, c.wanted) << ::testing::PrintToString(c.words);
    EXPECT_EQ(ran.code, 0);
  }
}

TEST(Completion, IsSilentWithoutACoordinator) {
  const Ran ran = RunWords({"__complete", "--coordinator", "127.0.0.1:1", "watch", ""});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out + ran.err, "");
}

TEST(Completion, HasAScriptForEachShellThatAsksUs) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(RunWords({"completion", shell}).out, HasSubstr("__complete")) << shell;
  }
  EXPECT_EQ(RunWords({"completion", "tcsh"}).code, 2);
}

}  // namespace
}  // namespace basisbench
