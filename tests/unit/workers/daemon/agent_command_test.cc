// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/agent_command.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using Words = std::vector<std::string>;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

Words Parsed(const Words& arguments) {
  const auto command = ParseAgentCommand(arguments);
  EXPECT_THAT(command, IsOk());
  return command.ok() ? command->arguments : Words{};
}

TEST(ParseAgentCommand, UnderstandsWhatOpenMpiSays) {
  const auto plain = ParseAgentCommand({"127.0.0.2", "orted", "-mca", "ess", "\"env\"", "-mca",
                                        "orte_hnp_uri", "\"1.0;tcp://10.0.0.1:1\""});
  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ(plain->host, "127.0.0.2");
  EXPECT_THAT(plain->arguments, ElementsAre("orted", "-mca", "ess", "env", "-mca", "orte_hnp_uri",
                                            "1.0;tcp://10.0.0.1:1"));
  EXPECT_THAT(Parsed({"h",
                      "PATH=/opt/bin:$PATH ; export PATH ; LD_LIBRARY_PATH=/opt/lib:$X ; export "
                      "LD_LIBRARY_PATH ;   /opt/bin/orted -mca a b"}),
              ElementsAre("orted", "-mca", "a", "b"));
}

TEST(ParseAgentCommand, SplitsLikeAShell) {
  EXPECT_THAT(Parsed({"h", "orted", "'a b'", "c\\ d", "\"e \\\"f\\\" \\x\"", "g'h'\"i\"", "''"}),
              ElementsAre("orted", "a b", "c d", "e \"f\" \\x", "ghi", ""));
  EXPECT_THAT(Parsed({"h", "orted '|&;<>`('"}), ElementsAre("orted", "|&;<>`("));
}

TEST(ParseAgentCommand, LaunchesNothingButOrted) {
  const std::vector<std::pair<Words, std::string>> rows = {
      {{"h", "rm", "-rf", "/"}, "only orted may be launched, not 'rm'"},
      {{"h", "orted", ";", "rm"}, "not 'rm'"},
      {{"h", "orted\nrm -rf /"}, "not 'rm'"},
      {{"h", "orted; orted"}, "not 'orted'"},
      {{"h", "X=1 orted"}, "not 'X=1'"},
      {{"h", "/bin/orted.sh"}, "not '/bin/orted.sh'"},
      {{"h", "orted", "|", "sh"}, "contains '|' outside quotes"},
      {{"h", "orted", "&", "sh"}, "contains '&'"},
      {{"h", "orted", "`id`"}, "contains '`'"},
      {{"h", "orted", "$(id)"}, "contains '('"},
      {{"h", "orted", ">", "/etc/x"}, "contains '>'"},
      {{"h", "orted", "<", "/etc/x"}, "contains '<'"},
      {{"h", "orted 'open"}, "has an open quote"},
      {{"h", "orted \"open"}, "has an open quote"},
      {{"h", "PATH=/x"}, "no orted in the command"},
      {{"h", ""}, "no orted in the command"},
      {{"h"}, "expected a host and a command, got 1 arguments"},
      {{}, "got 0 arguments"}};
  for (const auto& [arguments, message] : rows)
    EXPECT_THAT(ParseAgentCommand(arguments), Fails(kInvalid, message));
}

TEST(ParseAgentCommand, WhateverComesTheProgramIsOrted) {
  std::mt19937 random(4);
  const Words pieces = {"orted", " ",   "'",       "\"", "\\", ";",
                        "rm",    "A=b", "export ", "\n", "/",  "$x"};
  int accepted = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (uint32_t n = random() % 8; n > 0; --n) text += pieces[random() % pieces.size()];
    const auto command = ParseAgentCommand({"h", text});
    if (!command.ok()) continue;
    ++accepted;
    ASSERT_EQ(command->arguments.at(0), "orted") << text;
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace basisbench
