// SPDX-License-Identifier: Apache-2.0
#include "services/base/log.h"

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

using testing::EndsWith;

class LogTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kInfo); }
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }

  template <typename Write>
  static std::string Written(Write write) {
    testing::internal::CaptureStderr();
    write();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, ALineHasTimeLevelComponentMessageAndFields) {
  const std::string line = Written([] {
    Log(LogLevel::kWarning, "store", "cannot be written", {{"free_bytes", 0}, {"path", "/a b"}});
  });
  EXPECT_THAT(line, testing::MatchesRegex(
                        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z WARN "
                        "store: cannot be written free_bytes=0 path=\"/a b\"\n"));
}

TEST_F(LogTest, ValuesAreQuotedWhereTheyCouldBeMisread) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"plain", "plain"},
      {"", "\"\""},
      {"a b", "\"a b\""},
      {"a=b", "\"a=b\""},
      {"say \"hi\"", "\"say \\\"hi\\\"\""},
      {"no job 'j1'", "\"no job 'j1'\""},
      {"back\\slash here", "\"back\\\\slash here\""},
      {"\xC3\xA9", "\xC3\xA9"}};
  for (const auto& [value, printed] : rows) {
    const std::string line = Written([&] { Log(LogLevel::kInfo, "c", "m", {{"k", value}}); });
    EXPECT_THAT(line, EndsWith(absl::StrCat(" k=", printed, "\n")));
  }
}

// What others send stands in messages and values: it can neither begin a line of its own nor steer
// a terminal.
TEST_F(LogTest, NothingFromOutsideLeavesItsLine) {
  const std::string hostile = "x\n2026 ERROR forged\r\x1b[2J\t\x7f";
  const std::string line = Written([&] {
    Log(LogLevel::kInfo, "c", hostile, {{"k", hostile}, {"short", "\x1b"}});
  });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    EXPECT_TRUE(byte >= 0x20 && byte != 0x7f) << "byte " << i << " is " << int{byte};
  }
  EXPECT_THAT(line, testing::HasSubstr("x\\n2026 ERROR forged\\r\\x1b[2J\\t\\x7f"));
}

TEST_F(LogTest, TheLevelDropsWhatIsBelowIt) {
  SetLogLevel(LogLevel::kError);
  const uint64_t before = LogCount(LogLevel::kInfo);
  EXPECT_EQ(Written([] { Log(LogLevel::kInfo, "c", "m"); }), "");
  EXPECT_EQ(LogCount(LogLevel::kInfo), before) << "only lines written are counted";
  SetLogLevel(LogLevel::kDebug);
  EXPECT_NE(Written([] { Log(LogLevel::kDebug, "c", "m"); }), "");
  Written([] { Log(LogLevel::kInfo, "c", "m"); });
  EXPECT_EQ(LogCount(LogLevel::kInfo), before + 1);
}

TEST_F(LogTest, LinesOfManyThreadsStayWhole) {
  constexpr int kThreads = 8;
  constexpr int kLines = 200;
  const std::string text = Written([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < kLines; ++i)
          Log(LogLevel::kInfo, "c", std::string(200, static_cast<char>('a' + t)));
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), static_cast<size_t>(kThreads * kLines));
  for (const std::string& line : lines) {
    const std::string message = line.substr(line.rfind(' ') + 1);
    EXPECT_EQ(message, std::string(200, message[0]));
  }
}

}  // namespace
}  // namespace basisbench
