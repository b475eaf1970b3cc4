// SPDX-License-Identifier: Apache-2.0
// A registered operator under another name, whose plans go through a function: to trace what the
// runner executes, or to spoil it. Everything else is the inner operator's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/operators/registry.h"

namespace basisbench {

class WrappedOperator : public Operator {
 public:
  using Wrap =
      std::function<std::unique_ptr<Plan>(std::unique_ptr<Plan> plan, const Problem& problem)>;

  WrappedOperator(const std::string& name, const std::string& inner, Wrap wrap)
      : inner_(inner), wrap_(std::move(wrap)) {
    description_.name = name;
  }

  const OperatorDescription& description() const override { return description_; }
  absl::StatusOr<Problem> Resolve(const Problem& problem) const override {
    return Inner().Resolve(problem);
  }
  OperatorCost Cost(const Problem& problem) const override { return Inner().Cost(problem); }
  double OperandScale(const Problem& problem, absl::string_view tensor) const override {
    return Inner().OperandScale(problem, tensor);
  }
  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override {
    BB_ASSIGN_OR_RETURN(auto plan, Inner().MakePlan(problem, device, communicator));
    return wrap_(std::move(plan), problem);
  }
  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override {
    return Inner().ReferenceRows(problem, operands, rows);
  }
  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override {
    return Inner().ReferenceProjection(problem, operands, v, rows);
  }
  double RoundingGrowth(const Problem& problem) const override {
    return Inner().RoundingGrowth(problem);
  }
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    return Inner().IntegerBound(problem);
  }

 private:
  // Looked up late: operators register themselves in any order.
  const Operator& Inner() const { return **FindOperator(inner_); }

  const std::string inner_;
  const Wrap wrap_;
  OperatorDescription description_;
};

// Calls `run` in place of the inner plan's Run.
class WrappedPlan : public Plan {
 public:
  WrappedPlan(std::unique_ptr<Plan> plan, std::function<absl::Status(Plan&)> run)
      : plan_(std::move(plan)), run_(std::move(run)) {}
  absl::Status Run() override { return run_(*plan_); }
  std::vector<Shard> Inputs() override { return plan_->Inputs(); }
  std::vector<Shard> Outputs() override { return plan_->Outputs(); }

 private:
  const std::unique_ptr<Plan> plan_;
  const std::function<absl::Status(Plan&)> run_;
};

}  // namespace basisbench
