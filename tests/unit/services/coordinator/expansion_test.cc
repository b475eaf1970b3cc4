// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/expansion.h"

#include <functional>
#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/coordinator/job_spec.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/catalogue_support.h"

namespace basisbench {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr uint64_t kLimit = 10'000;

v1::JobSpec SpecOf(const std::vector<std::string>& operators) {
  v1::JobSpec spec;
  for (const std::string& name : operators) spec.add_operators()->set_name(name);
  return spec;
}

void AddShape(v1::JobSpec& spec, int64_t tokens, int64_t d_in, int64_t d_out) {
  v1::Shape& shape = *spec.add_shapes();
  shape.set_tokens(tokens);
  shape.set_d_in(d_in);
  shape.set_d_out(d_out);
}

absl::StatusOr<std::vector<ExpandedCase>> ExpandOf(v1::JobSpec spec, uint64_t limit = kLimit) {
  if (const absl::Status complete = CompleteSpec(spec); !complete.ok()) return complete;
  return Expand(spec, SmallUnion(), Presets::Builtin(), limit);
}

TEST(Expand, MultipliesTheListsAndNumbersTheCases) {
  v1::JobSpec spec = SpecOf({"matmul", "monarch"});
  for (int64_t width : {16, 32, 64}) AddShape(spec, 8, width, width);
  for (const char* dtype : {"f32", "f64"}) spec.add_dtypes(dtype);
  for (uint32_t ranks : {4, 1}) spec.add_ranks(ranks);
  for (const char* cache : {"hot", "cold"}) spec.add_caches(cache);
  for (const char* sharding : {"token", "row"}) spec.add_shardings(sharding);
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  // matmul has both shardings, monarch one of them.
  EXPECT_EQ(cases->size(), 3u * 2 * 2 * 2 * (2 + 1));
  uint32_t ranks = 0;
  std::set<std::string> distinct;
  for (size_t i = 0; i < cases->size(); ++i) {
    v1::Case item = (*cases)[i].item;
    EXPECT_EQ(item.index(), i);
    EXPECT_GE(item.ranks(), ranks) << "an attempt runs the cases of one world size";
    ranks = item.ranks();
    item.clear_index();
    distinct.insert(item.SerializeAsString());
  }
  EXPECT_EQ(distinct.size(), cases->size());
}

TEST(Expand, EachGroupHasOneBaselineAndItComesFirst) {
  v1::JobSpec spec = SpecOf({"monarch", "fnet", "matmul"});
  AddShape(spec, 8, 16, 16);
  spec.add_ranks(1);
  spec.add_ranks(2);
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  std::map<std::string, std::vector<const ExpandedCase*>> groups;
  for (const ExpandedCase& expanded : *cases)
    groups[expanded.item.comparison_group()].push_back(&expanded);
  EXPECT_EQ(groups.size(), 4u) << "two world sizes, channels and tokens apart";
  for (const auto& [name, members] : groups) {
    EXPECT_EQ(members[0]->item.operator_().name(), "matmul") << name;
    for (size_t i = 0; i < members.size(); ++i)
      EXPECT_EQ(members[i]->item.baseline(), i == 0) << name;
  }
}

TEST(Expand, AddsTheBaselineThatIsMissing) {
  v1::JobSpec spec = SpecOf({"monarch"});
  AddShape(spec, 8, 16, 24);
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  ASSERT_EQ(cases->size(), 2u);
  EXPECT_EQ((*cases)[0].operator_index, -1);
  EXPECT_TRUE((*cases)[0].item.baseline());
  EXPECT_EQ((*cases)[0].item.shape().d_out(), 24);
  EXPECT_EQ((*cases)[1].operator_index, 0);
  EXPECT_EQ((*cases)[1].item.operator_().parameters().at("blocks"), "32")
      << "defaults are filled in";
  EXPECT_EQ((*cases)[1].item.operator_().parameters().count("kind"), 0u);
  spec.set_no_baseline(true);
  const auto alone = ExpandOf(spec);
  ASSERT_THAT(alone, IsOk());
  EXPECT_EQ(alone->size(), 1u);
}

TEST(Expand, TheDenseRivalOfATokenMixerIsTheMapOfTokens) {
  v1::JobSpec spec = SpecOf({"fnet"});
  AddShape(spec, 8, 16, 16);
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  ASSERT_EQ(cases->size(), 2u);
  const v1::Shape& dense = (*cases)[0].item.shape();
  EXPECT_EQ(dense.tokens(), 16);
  EXPECT_EQ(dense.d_in(), 8);
  EXPECT_EQ(dense.d_out(), 8);
  EXPECT_EQ((*cases)[1].item.shape().tokens(), 8);
  EXPECT_EQ((*cases)[1].item.shape().d_in(), 16);
}

TEST(Expand, WhatAnOperatorLacksIsARefusalOfItsCasesOnly) {
  v1::JobSpec spec = SpecOf({"matmul", "monarch"});
  AddShape(spec, 8, 16, 16);
  spec.add_dtypes("f64");
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  ASSERT_EQ(cases->size(), 2u);
  EXPECT_EQ((*cases)[0].refusal, "");
  EXPECT_EQ((*cases)[1].refusal, "operator 'monarch' has no dtype 'f64'");
}

TEST(Expand, AnOpenShardingIsOneCaseOfEveryOperator) {
  v1::JobSpec spec = SpecOf({"matmul", "monarch", "fnet"});
  AddShape(spec, 8, 16, 16);
  for (const char* sharding : {"auto", "row"}) spec.add_shardings(sharding);
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  std::vector<std::string> made;
  for (const ExpandedCase& expanded : *cases) {
    const v1::Case& item = expanded.item;
    made.push_back(item.operator_().name() + " " + item.sharding());
    EXPECT_EQ(item.requested_sharding(), "") << "nothing was chosen yet";
  }
  // fnet's rival is added, and monarch has no `row`.
  EXPECT_THAT(made, testing::ElementsAre("matmul auto", "matmul row", "monarch auto", "matmul auto",
                                         "fnet auto", "fnet row"));
}

TEST(Expand, NamesTheFieldThatIsWrong) {
  struct Row {
    std::function<void(v1::JobSpec&)> spoil;
    std::string message;
  };
  const std::vector<Row> rows = {
      {[](auto& s) { s.add_operators()->set_name("monrach"); },
       "spec.operators[1].name: no operator 'monrach'; did you mean 'monarch'? have: fnet, matmul"},
      {[](auto& s) { (*s.mutable_operators(0)->mutable_parameters())["block"] = "2"; },
       "spec.operators[0].parameters['block']: operator 'monarch' has no such parameter; did you "
       "mean 'blocks'?"},
      {[](auto& s) { (*s.mutable_operators(0)->mutable_parameters())["blocks"] = "65"; },
       "spec.operators[0].parameters['blocks']: 65 is not in 1..64"},
      {[](auto& s) { (*s.mutable_operators(0)->mutable_parameters())["blocks"] = "two"; },
       "spec.operators[0].parameters['blocks']: 'two' is not an integer"},
      {[](auto& s) { s.add_dtypes("f16"); }, "spec.dtypes[0]: 'f16' is not known"},
      {[](auto& s) { s.add_directions("sideways"); }, "spec.directions[0]: 'sideways'"},
      {[](auto& s) { s.add_shardings("rows"); }, "spec.shardings[0]: 'rows' is not known; did you"},
      {[](auto& s) { s.add_shardings("row"); },
       "spec.operators[0].name: operator 'monarch' supports none of spec.shardings (row); has: "
       "token"}};
  for (const Row& row : rows) {
    v1::JobSpec spec = SpecOf({"monarch"});
    AddShape(spec, 8, 16, 16);
    row.spoil(spec);
    EXPECT_THAT(ExpandOf(spec), Fails(kInvalid, row.message));
  }
}

TEST(Expand, ABaselineNobodyOffersIsNamed) {
  v1::JobSpec spec = SpecOf({"fnet"});
  AddShape(spec, 8, 16, 16);
  ASSERT_THAT(CompleteSpec(spec), IsOk());
  Catalogue catalogue;
  v1::OperatorCatalogue offered;
  *offered.add_operators() = OperatorOf("fnet", "token", {"token"});
  MergeInto(catalogue, offered);
  EXPECT_THAT(Expand(spec, catalogue, Presets::Builtin(), kLimit),
              Fails(kInvalid, "spec.no_baseline: no attached worker offers 'matmul'"));
  spec.set_no_baseline(true);
  EXPECT_THAT(Expand(spec, catalogue, Presets::Builtin(), kLimit), IsOk());
}

TEST(Expand, EveryCaseIsOfTheJobsBackend) {
  v1::JobSpec spec = SpecOf({"monarch", "fnet"});
  AddShape(spec, 8, 16, 16);
  EXPECT_EQ((*ExpandOf(spec))[0].item.backend(), "cpu_mpi") << "unless told otherwise";
  spec.set_backend("cuda_nccl");
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  EXPECT_GT(cases->size(), 2u) << "baselines are there as well";
  for (const ExpandedCase& expanded : *cases) EXPECT_EQ(expanded.item.backend(), "cuda_nccl");
}

TEST(Expand, TheLimitItselfIsAllowed) {
  v1::JobSpec spec = SpecOf({"matmul"});
  for (int64_t width = 1; width <= 5; ++width) AddShape(spec, 8, width, width);
  EXPECT_THAT(ExpandOf(spec, 5), IsOk());
  EXPECT_THAT(ExpandOf(spec, 4),
              Fails(kInvalid, "spec: the sweep has 5 cases, more than the limit of 4"));
}

// 10^6 cases and, with every list long, more than fit 64 bits: refused by counting, not by making
// them (which would take gigabytes).
TEST(Expand, RefusesAnEnormousSweepByItsExactNumber) {
  v1::JobSpec spec = SpecOf({"matmul"});
  for (int64_t i = 0; i < 1000; ++i) AddShape(spec, 8, 1 + i, 1 + i);
  for (uint32_t ranks = 1; ranks <= 1000; ++ranks) spec.add_ranks(ranks);
  EXPECT_THAT(ExpandOf(spec), Fails(kInvalid,
                                    "spec: the sweep has 1000000 cases, more than the "
                                    "limit of 10000; split it, or shorten a list"));
  for (uint32_t ranks = 1001; ranks <= 20'000; ++ranks) spec.add_ranks(ranks);
  for (const char* dtype : {"f32", "f64"}) spec.add_dtypes(dtype);
  EXPECT_THAT(ExpandOf(spec), Fails(kInvalid, "the sweep has 40000000 cases"));
}

}  // namespace
}  // namespace basisbench
