// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_request.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

v1::CaseResult At(const std::string& op, uint32_t ranks, const std::string& group) {
  v1::CaseResult record = Record(op, 1);
  record.mutable_case_()->set_ranks(ranks);
  record.mutable_case_()->set_comparison_group(group);
  return record;
}

TEST(CasesAt, AsksOnceForEachDistinctCaseAtEachSizePlaceByPlace) {
  v1::CaseResult wrong = At("wrong", 1, "a r1 x");
  wrong.set_outcome(v1::OUTCOME_INVALID_RESULT);
  v1::CaseResult gridded = At("matmul", 2, "a r2 x");
  gridded.mutable_case_()->set_grid("1x2");
  const std::vector<v1::Case> cases = CasesAt(
      {At("matmul", 1, "a r1 x"), At("fnet", 1, "b r1 x"), wrong, gridded, At("wht", 2, "a r2 x")},
      {64, 8});
  std::vector<std::string> asked;
  for (const v1::Case& c : cases) {
    asked.push_back(c.operator_().name() + std::to_string(c.ranks()) + c.comparison_group());
    EXPECT_EQ(c.grid(), "");
  }
  EXPECT_THAT(asked, ElementsAre("matmul8a x", "wht8a x", "matmul64a x", "wht64a x", "fnet8b x",
                                 "fnet64b x"));
}

TEST(CostRequest, DescribesTheOneCaseAndQueuesNothing) {
  v1::CaseResult record = At("monarch", 1024, "g");
  (*record.mutable_case_()->mutable_operator_()->mutable_parameters())["blocks"] = "16";
  record.mutable_case_()->set_cache("cold");
  record.mutable_case_()->set_backend("cuda_nccl");
  const v1::SubmitJobRequest request = CostRequest(record.case_());
  EXPECT_TRUE(request.validate_only());
  EXPECT_TRUE(request.spec().no_baseline());
  ASSERT_THAT(request.spec().operators(), SizeIs(1));
  EXPECT_EQ(request.spec().operators(0).parameters().at("blocks"), "16");
  EXPECT_THAT(request.spec().ranks(), ElementsAre(1024));
  EXPECT_THAT(request.spec().shardings(), ElementsAre("row"));
  EXPECT_THAT(request.spec().caches(), ElementsAre("cold"));
  EXPECT_EQ(request.spec().backend(), "cuda_nccl") << "other backends cost otherwise";
  EXPECT_EQ(request.spec().shapes(0).d_out(), 3072);
}

TEST(ParseRanks, QuotesWhatIsNoNumber) {
  EXPECT_THAT(*ParseRanks("64,1024"), ElementsAre(64, 1024));
  for (const char* text : {"0", "-1", "many", "4294967296", "1.5", "1,,2"}) {
    const auto ranks = ParseRanks(text);
    EXPECT_TRUE(absl::IsInvalidArgument(ranks.status())) << text;
  }
}

TEST(ShortRefusal, LeavesTheReason) {
  EXPECT_EQ(ShortRefusal("spec.operators[0]: 'x' can run none of its cases; 8x8x8 f32, sharding "
                         "row, 64 ranks: 64 do not divide 8"),
            "64 do not divide 8");
  EXPECT_EQ(ShortRefusal("something else"), "something else");
}

}  // namespace
}  // namespace basisbench
