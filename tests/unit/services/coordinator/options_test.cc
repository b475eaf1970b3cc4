// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/options.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

// What the words mean; exit_code says what becomes of the process otherwise.
std::optional<CoordinatorOptions> Parse(std::vector<std::string> words, int& exit_code,
                                        std::string& said) {
  words.insert(words.begin(), "basisbench-coordinator");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  auto options = ParseCoordinatorOptions(static_cast<int>(argv.size()), argv.data(), &exit_code);
  said = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  return options;
}

TEST(CoordinatorOptions, DefaultsStayOnLoopback) {
  int exit_code = -1;
  std::string said;
  const auto options = Parse({}, exit_code, said);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->listen, "127.0.0.1:7070");
  EXPECT_EQ(options->http.address, "127.0.0.1");
  EXPECT_EQ(options->http.port, 7071);
  EXPECT_EQ(options->lease, absl::Seconds(5));
}

TEST(CoordinatorOptions, TakesWhatIsGiven) {
  int exit_code = -1;
  std::string said;
  const auto options =
      Parse({"--http", "0.0.0.0:0", "--store", "s.db", "--lease", "1.5", "--max-cases", "7"},
            exit_code, said);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->http.address, "0.0.0.0");
  EXPECT_EQ(options->http.port, 0);
  EXPECT_EQ(options->store, "s.db");
  EXPECT_EQ(options->lease, absl::Milliseconds(1500));
  EXPECT_EQ(options->max_cases, 7u);
}

TEST(CoordinatorOptions, NamesWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> wrong = {
      {{"--listen", "nowhere"}, "--listen"}, {{"--http", "localhost:web"}, "--http"},
      {{"--store", ""}, "--store"},          {{"--lease", "0.1"}, "--lease"},
      {{"--max-cases", "0"}, "--max-cases"}, {{"--sotre", "x"}, "--sotre"}};
  for (const auto& [words, says] : wrong) {
    int exit_code = -1;
    std::string said;
    EXPECT_FALSE(Parse(words, exit_code, said).has_value()) << words[0];
    EXPECT_EQ(exit_code, kExitUsage) << words[0];
    EXPECT_THAT(said, testing::HasSubstr(says));
  }
}

TEST(CoordinatorOptions, HelpEndsWell) {
  int exit_code = -1;
  std::string said;
  EXPECT_FALSE(Parse({"--help"}, exit_code, said).has_value());
  EXPECT_EQ(exit_code, 0);
  EXPECT_THAT(said, testing::HasSubstr("--ready-file"));
}

}  // namespace
}  // namespace basisbench
