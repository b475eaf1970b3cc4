// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/did_you_mean.h"

#include <random>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(EditDistance, CountsSingleSteps) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("monarch", "monarch"), 0u);
  EXPECT_EQ(EditDistance("monrach", "monarch"), 1u) << "neighbours swapped";
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("fwht", "wht"), 1u);
}

TEST(EditDistance, IsSymmetricAndBoundedByTheLongerWord) {
  std::mt19937 random(3);
  const auto word = [&random] {
    std::string text(random() % 9, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 5'000; ++i) {
    const std::string a = word();
    const std::string b = word();
    const size_t distance = EditDistance(a, b);
    ASSERT_EQ(distance, EditDistance(b, a)) << a << " " << b;
    ASSERT_LE(distance, std::max(a.size(), b.size()));
    ASSERT_GE(distance, std::max(a.size(), b.size()) - std::min(a.size(), b.size()));
    ASSERT_EQ(distance == 0, a == b);
  }
}

TEST(KnownNames, SuggestsTheNearestOnlyWhenItIsNear) {
  const std::vector<std::string> names = {"gate", "matmul", "monarch"};
  EXPECT_EQ(KnownNames("monrach", names), "; did you mean 'monarch'? have: gate, matmul, monarch");
  EXPECT_EQ(KnownNames("transformer", names), "; have: gate, matmul, monarch");
  EXPECT_EQ(KnownNames("x", {}), "; have: none");
}

TEST(KnownNames, CutsALongListAndDoesNotCompareALongWord) {
  const std::vector<std::string> names(100, "name");
  EXPECT_THAT(KnownNames("other", names), HasSubstr(", ..."));
  EXPECT_THAT(KnownNames(std::string(1 << 20, 'n'), names), Not(HasSubstr("did you mean")));
}

TEST(Quote, EscapesAndCuts) {
  EXPECT_EQ(Quote("plain"), "'plain'");
  EXPECT_EQ(Quote("a\nb\x01"), "'a\\nb\\001'");
  EXPECT_EQ(Quote(std::string(61, 'x')), "'" + std::string(60, 'x') + "...'");
}

// Messages travel in protobuf strings, which must be UTF-8: a character is not cut in two.
TEST(Quote, CutsBetweenCharacters) {
  const std::string e_acute = "\xC3\xA9";
  EXPECT_EQ(Quote(std::string(58, 'x') + e_acute + "y"),
            "'" + std::string(58, 'x') + e_acute + "...'");
  EXPECT_EQ(Quote(std::string(59, 'x') + e_acute), "'" + std::string(59, 'x') + "...'");
  const std::string emoji = "\xF0\x9F\x98\x80";
  EXPECT_EQ(Quote(std::string(57, 'x') + emoji), "'" + std::string(57, 'x') + "...'");
}

}  // namespace
}  // namespace basisbench
