// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/output_tail.h"

#include <random>

#include "basisbench/v1/worker.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

std::string TailOf(const std::string& bytes, size_t limit = 8192) {
  OutputTail tail(limit);
  tail.Append(bytes);
  return tail.Text();
}

TEST(OutputTail, KeepsWhatFits) {
  EXPECT_EQ(TailOf(""), "");
  EXPECT_EQ(TailOf("one\ntwo\n"), "one\ntwo\n");
  EXPECT_EQ(TailOf("12345678", 8), "12345678");
}

TEST(OutputTail, LeavesOutALineThatIsCut) {
  EXPECT_EQ(TailOf("first\nsecond\nthird\n", 10), "third\n");
  EXPECT_EQ(TailOf("a line longer than the limit", 9), "the limit") << "there is no other line";
}

TEST(OutputTail, IsTheSameHoweverTheBytesArrive) {
  std::string stream;
  for (int i = 0; i < 5000; ++i) stream += "line " + std::to_string(i) + "\n";
  OutputTail bytewise(1000);
  for (const char c : stream) bytewise.Append(absl::string_view(&c, 1));
  EXPECT_EQ(bytewise.Text(), TailOf(stream, 1000));
  EXPECT_TRUE(stream.ends_with(bytewise.Text()));
  EXPECT_GT(bytewise.Text().size(), 980u);
}

TEST(OutputTail, ReplacesWhatIsNoText) {
  EXPECT_EQ(TailOf("a\xff\x1b[0m\tb"), "a??[0m\tb");
  EXPECT_EQ(TailOf("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(TailOf("\xc0\xaf"), "??") << "an overlong form";
  EXPECT_EQ(TailOf("\xed\xa0\x80"), "???") << "a surrogate";
  EXPECT_EQ(TailOf("\xf4\x90\x80\x80"), "????") << "beyond the last code point";
  EXPECT_EQ(TailOf("x\xe2\x82"), "x??") << "cut at the end";
}

// Protobuf refuses to parse a string that is not UTF-8: whatever ranks write must pass.
TEST(OutputTail, RandomBytesAlwaysMakeALegalMessage) {
  std::mt19937 random(6);
  for (int round = 0; round < 3000; ++round) {
    OutputTail tail(64);
    for (int i = 0; i < 5; ++i) {
      std::string bytes(random() % 80, ' ');
      for (char& c : bytes) c = static_cast<char>(random());
      tail.Append(bytes);
    }
    v1::AttemptFinished message;
    message.set_output_tail(tail.Text());
    ASSERT_LE(message.output_tail().size(), 64u);
    v1::AttemptFinished parsed;
    ASSERT_TRUE(parsed.ParseFromString(message.SerializeAsString()));
  }
}

}  // namespace
}  // namespace basisbench
