// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/csv.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

using testing::ElementsAre;

TEST(SplitCsvLine, SplitsPlainAndQuotedFields) {
  EXPECT_THAT(*SplitCsvLine("a,b,c"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*SplitCsvLine(""), ElementsAre(""));
  EXPECT_THAT(*SplitCsvLine(","), ElementsAre("", ""));
  EXPECT_THAT(*SplitCsvLine("a,"), ElementsAre("a", ""));
  EXPECT_THAT(*SplitCsvLine("\"a,b\",c"), ElementsAre("a,b", "c"));
  EXPECT_THAT(*SplitCsvLine("x,\"\""), ElementsAre("x", ""));
  EXPECT_THAT(*SplitCsvLine("\"say \"\"hi\"\"\""), ElementsAre("say \"hi\""));
  EXPECT_THAT(*SplitCsvLine("a\"b,c"), ElementsAre("a\"b", "c")) << "a quote inside a plain field";
  EXPECT_THAT(*SplitCsvLine("\"a\","), ElementsAre("a", ""));
}

TEST(SplitCsvLine, RefusesQuotesThatDoNotClose) {
  constexpr auto kCode = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(SplitCsvLine("a,\"b"), Fails(kCode, "quote is not closed in 'a,\"b'"));
  EXPECT_THAT(SplitCsvLine("\""), Fails(kCode, "quote is not closed"));
  EXPECT_THAT(SplitCsvLine("\"a\"\""), Fails(kCode, "quote is not closed"));
  EXPECT_THAT(SplitCsvLine("\"a\"b,c"), Fails(kCode, "text follows a closing quote"));
}

}  // namespace
}  // namespace basisbench
