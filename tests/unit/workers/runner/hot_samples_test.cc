// SPDX-License-Identifier: Apache-2.0
// What runs between the samples of cases that take turns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/operators/registry.h"
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

class TracedPlan : public Plan {
 public:
  TracedPlan(std::unique_ptr<Plan> plan, int64_t tokens)
      : plan_(std::move(plan)), tokens_(tokens) {}
  absl::Status Run() override {
    Ran().push_back(tokens_);
    return plan_->Run();
  }
  std::vector<Shard> Inputs() override { return plan_->Inputs(); }
  Shard Output() override { return plan_->Output(); }

 private:
  std::unique_ptr<Plan> plan_;
  const int64_t tokens_;
};

class TracedMatMul : public Operator {
 public:
  TracedMatMul() { description_.name = "test_traced"; }
  const OperatorDescription& description() const override { return description_; }
  absl::StatusOr<Problem> Resolve(const Problem& problem) const override {
    return MatMul().Resolve(problem);
  }
  OperatorCost Cost(const Problem& problem) const override { return MatMul().Cost(problem); }
  double OperandScale(const Problem& problem, absl::string_view tensor) const override {
    return MatMul().OperandScale(problem, tensor);
  }
  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override {
    BB_ASSIGN_OR_RETURN(auto plan, MatMul().MakePlan(problem, device, communicator));
    return std::make_unique<TracedPlan>(std::move(plan), problem.shape.tokens);
  }
  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override {
    return MatMul().ReferenceRows(problem, operands, rows);
  }
  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override {
    return MatMul().ReferenceProjection(problem, operands, v, rows);
  }
  double RoundingGrowth(const Problem& problem) const override {
    return MatMul().RoundingGrowth(problem);
  }

 private:
  static const Operator& MatMul() { return **FindOperator("matmul"); }
  OperatorDescription description_;
};

const RegisterOperator kTraced(std::make_unique<TracedMatMul>());

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
