// SPDX-License-Identifier: Apache-2.0
// What runs between the samples of cases that take turns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/fakes/wrapped_operator.h"
#include "workers/runner/local_run.h"

namespace basisbench {
namespace {

constexpr int kWarmups = 3;
constexpr uint32_t kSamples = 25;

// Tokens of the problem each iteration belonged to, in order. One rank writes it.
std::vector<int64_t>& Ran() {
  static auto& ran = *new std::vector<int64_t>();
  return ran;
}

std::unique_ptr<Plan> Trace(std::unique_ptr<Plan> plan, const Problem& problem) {
  return std::make_unique<WrappedPlan>(std::move(plan),
                                       [tokens = problem.shape.tokens](Plan& inner) {
                                         Ran().push_back(tokens);
                                         return inner.Run();
                                       });
}

const RegisterOperator kTraced(std::make_unique<WrappedOperator>("test_traced", "matmul", Trace));

// Two cases that take turns, each body long enough to be a sample of its own. What ran in the
// rounds, as the lengths of stretches of one case; the last stretch may be cut.
std::vector<int> Stretches(const std::string& cache) {
  v1::Assignment work;
  work.mutable_measurement()->set_warmup_iterations(kWarmups);
  work.mutable_measurement()->set_min_samples(kSamples);
  work.mutable_measurement()->set_max_samples(kSamples);
  for (const int64_t tokens : {128, 192}) {
    v1::Case& item = *work.add_cases();
    item.set_index(static_cast<uint32_t>(work.cases_size() - 1));
    item.mutable_operator_()->set_name("test_traced");
    item.mutable_shape()->set_tokens(tokens);
    item.mutable_shape()->set_d_in(256);
    item.mutable_shape()->set_d_out(256);
    item.set_sharding("token");
    item.set_ranks(1);
    item.set_cache(cache);
    item.set_comparison_group("g");
    item.set_baseline(work.cases_size() == 1);
  }
  Ran().clear();
  const absl::Status status = RunLocally({.ranks = 1}, work, [](const v1::CaseResult& record) {
    EXPECT_EQ(record.timing().batch(), 1);
  });
  EXPECT_TRUE(status.ok()) << status;
  const size_t begin = 2 * kWarmups;
  std::vector<int> stretches;
  for (size_t i = begin; i < begin + kSamples && i < Ran().size(); ++i) {
    if (i == begin || Ran()[i] != Ran()[i - 1]) stretches.push_back(0);
    ++stretches.back();
  }
  stretches.pop_back();
  return stretches;
}

TEST(HotSamples, FollowAnUntimedIterationOfTheSameCase) {
  EXPECT_THAT(Stretches("hot"), testing::Each(testing::Ge(2)));
}

TEST(ColdSamples, FollowNothingOfTheirOwn) {
  // The cache is flushed before each, so that an iteration more would be wasted.
  EXPECT_THAT(Stretches("cold"), testing::Contains(1));
}

}  // namespace
}  // namespace basisbench
