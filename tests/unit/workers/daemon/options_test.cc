// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/options.h"

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

using testing::HasSubstr;

class OptionsTest : public testing::Test {
 protected:
  struct Parsed {
    std::optional<DaemonOptions> options;
    int exit_code = -1;
    std::string output;
    std::string error;
  };

  static Parsed Parse(std::vector<std::string> words) {
    words.insert(words.begin(), "basisbench-worker");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    Parsed parsed;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    parsed.options =
        ParseDaemonOptions(static_cast<int>(argv.size()), argv.data(), &parsed.exit_code);
    parsed.output = testing::internal::GetCapturedStdout();
    parsed.error = testing::internal::GetCapturedStderr();
    return parsed;
  }
  static std::vector<std::string> Good(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"--coordinator", "127.0.0.1:5", "--address",
                                      "127.0.0.2",     "--runner",    "/bin/true"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(OptionsTest, NamesTheOptionThatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> rows = {
      {{}, "--coordinator is required"},
      {{"--coordinator", "h:1"}, "--address is required"},
      {Good({"--slots", "0"}), "--slots"},
      {Good({"--slots", "4097"}), "--slots"},
      {Good({"--slots", "two"}), "--slots"},
      {Good({"--device", "gpu"}), "--device"},
      {Good({"--device", "cuda", "--memory", "1000"}), "--memory: with --device cuda"},
      {Good({"--memory", "-1"}), "--memory"},
      {Good({"--memory", "0"}), "--memory"},
      {Good({"--drain-timeout", "-1"}), "--drain-timeout"},
      {Good({"--drain-timeout", "nan"}), "--drain-timeout"},
      {Good({"--log-level", "loud"}), "--log-level"},
      {Good({"--unknown"}), "--unknown"},
      {Good({"stray"}), "stray"},
      {Good({"--name", ".."}), "--name '..'"},
      {Good({"--name", "a/b"}), "--name 'a/b'"},
      {Good({"--name", std::string(64, 'n')}), "--name 'nnnn"},
      {Good({"--cpus", "0-x"}), "'0-x' in the CPU list"},
      {Good({"--runner", "/etc/passwd"}), "--runner"},
      {{"--coordinator", "h:1", "--runner", "/bin/true", "--address", "h:4"}, "--address 'h:4'"},
      {{"--coordinator", "h:1", "--runner", "/bin/true", "--address", "a,b"}, "--address 'a,b'"},
      {{"--coordinator", "h:1", "--runner", "/bin/true", "--address="}, "--address"},
      {{"--coordinator", "h:1", "--runner", "/bin/true", "--address", "::1"}, "--address '::1'"}};
  for (const auto& [words, message] : rows) {
    const Parsed parsed = Parse(words);
    EXPECT_FALSE(parsed.options.has_value()) << message;
    EXPECT_EQ(parsed.exit_code, kExitUsage) << message;
    EXPECT_THAT(parsed.error, HasSubstr(message));
  }
}

TEST_F(OptionsTest, HelpAndVersionSucceed) {
  const Parsed help = Parse({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.output, HasSubstr("--coordinator"));
  EXPECT_THAT(help.output, HasSubstr("BASISBENCH_WORK_DIR"));
  EXPECT_EQ(Parse({"--version"}).exit_code, 0);
}

TEST(CompleteOptions, FollowsFromWhatIsGiven) {
  WorkerOptions options;
  options.name = "w1";
  options.address = "127.0.0.2";
  options.programs.runner = "/bin/true";
  const absl::Status status = CompleteOptions(options);
  // Agent and guard stand beside this test only where they were built.
  EXPECT_TRUE(status.ok() || absl::StrContains(status.message(), "installation: ")) << status;
  EXPECT_EQ(options.listen, "127.0.0.2:0");
  EXPECT_EQ(options.http, "127.0.0.1:0");
  EXPECT_THAT(options.work_directory, HasSubstr("/w1"));
  EXPECT_EQ(options.programs.runner, "/bin/true");
  WorkerOptions unnamed;
  unnamed.address = "127.0.0.2";
  unnamed.programs.runner = "/bin/true";
  CompleteOptions(unnamed).IgnoreError();
  EXPECT_FALSE(unnamed.name.empty()) << "the host's name";
}

TEST(CompleteOptions, AnEmptyAddressIsNamed) {
  WorkerOptions options;
  options.name = "w1";
  EXPECT_THAT(CompleteOptions(options), Fails(absl::StatusCode::kInvalidArgument, "--address ''"));
}

TEST(CompleteOptions, AMissingRunnerIsNamed) {
  WorkerOptions options;
  options.name = "w1";
  options.address = "h";
  options.programs.runner = "/no/such/runner";
  EXPECT_THAT(CompleteOptions(options),
              Fails(absl::StatusCode::kInvalidArgument, "--runner: /no/such/runner is not"));
}

}  // namespace
}  // namespace basisbench
