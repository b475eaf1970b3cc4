// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stored.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

// Two operands of up to eight products in a row.
constexpr double kTf32Roundings = 16;

Problem Computed(Problem problem) {
  problem.dtype = ComputeDtype(problem.dtype);
  return problem;
}

// A shard of the inner plan and its halves.
struct Stored {
  Shard computed;
  Buffer halves;
};

class StoredPlan : public Plan {
 public:
  StoredPlan(const Problem& problem, std::unique_ptr<Plan> inner, Device& device)
      : dtype_(problem.dtype), ranks_(problem.ranks), inner_(std::move(inner)), device_(device) {}

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(Take(inner_->Inputs(), inputs_));
    return Take(inner_->Outputs(), outputs_);
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(Widen());
    BB_RETURN_IF_ERROR(inner_->Run());
    return Narrow();
  }
  absl::Status RunCompute() override {
    BB_RETURN_IF_ERROR(Widen());
    BB_RETURN_IF_ERROR(inner_->RunCompute());
    return Narrow();
  }
  absl::Status RunCommunication() override { return inner_->RunCommunication(); }

  std::vector<Shard> Inputs() override { return Shards(inputs_); }
  std::vector<Shard> Outputs() override { return Shards(outputs_); }
  std::string Grid() const override { return inner_->Grid(); }

 private:
  absl::Status Take(const std::vector<Shard>& shards, std::vector<Stored>& stored) {
    for (const Shard& shard : shards) {
      const auto elements = static_cast<int64_t>(shard.rows.size() * shard.cols.size());
      BB_ASSIGN_OR_RETURN(Buffer halves, device_.Allocate(elements * DtypeSize(dtype_)));
      stored.push_back({shard, std::move(halves)});
    }
    return absl::OkStatus();
  }

  std::vector<Shard> Shards(std::vector<Stored>& stored) const {
    std::vector<Shard> shards;
    for (Stored& one : stored) {
      Shard shard = one.computed;
      shard.dtype = dtype_;
      shard.data = one.halves.data();
      shard.leading = static_cast<int64_t>(shard.cols.size());
      shards.push_back(std::move(shard));
    }
    return shards;
  }

  absl::Status Widen() {
    for (Stored& one : inputs_) {
      ConvertArgs args = Sizes(one.computed);
      args.from_dtype = dtype_;
      args.from = one.halves.data();
      args.from_row_stride = args.cols;
      args.to_dtype = one.computed.dtype;
      args.to = one.computed.data;
      args.to_row_stride = one.computed.leading;
      BB_RETURN_IF_ERROR(device_.Convert(args));
    }
    return Settle(device_, ranks_);  // the plan may send its inputs first thing
  }

  absl::Status Narrow() {
    for (Stored& one : outputs_) {
      ConvertArgs args = Sizes(one.computed);
      args.from_dtype = one.computed.dtype;
      args.from = one.computed.data;
      args.from_row_stride = one.computed.leading;
      args.to_dtype = dtype_;
      args.to = one.halves.data();
      args.to_row_stride = args.cols;
      BB_RETURN_IF_ERROR(device_.Convert(args));
    }
    return Settle(device_, ranks_);
  }

  static ConvertArgs Sizes(const Shard& shard) {
    return {.rows = static_cast<int64_t>(shard.rows.size()),
            .cols = static_cast<int64_t>(shard.cols.size())};
  }

  const Dtype dtype_;
  const int ranks_;
  const std::unique_ptr<Plan> inner_;
  Device& device_;
  std::vector<Stored> inputs_, outputs_;
};

// A plan in f32 whose products are done in tf32.
class Tf32Plan : public Plan {
 public:
  Tf32Plan(std::unique_ptr<Plan> inner, Device& device)
      : inner_(std::move(inner)), device_(device) {}

  absl::Status Run() override {
    return InTf32([this] { return inner_->Run(); });
  }
  absl::Status RunCompute() override {
    return InTf32([this] { return inner_->RunCompute(); });
  }
  absl::Status RunCommunication() override { return inner_->RunCommunication(); }

  std::vector<Shard> Inputs() override { return inner_->Inputs(); }
  std::vector<Shard> Outputs() override { return inner_->Outputs(); }
  std::string Grid() const override { return inner_->Grid(); }

 private:
  template <typename Body>
  absl::Status InTf32(const Body& body) {
    BB_RETURN_IF_ERROR(device_.MultiplyInTf32(true));
    absl::Status status = body();
    status.Update(device_.MultiplyInTf32(false));
    return status;
  }

  const std::unique_ptr<Plan> inner_;
  Device& device_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Plan>> PreparePlan(const Operator& op, const Problem& problem,
                                                  Device& device, Communicator& communicator) {
  if (problem.dtype == Dtype::kTf32 && !device.HasTf32()) {
    return absl::UnimplementedError(
        absl::StrCat("device ", device.name(), " has no products in tf32"));
  }
  const bool as_it_stands =
      ComputeDtype(problem.dtype) == problem.dtype ||
      (IsHalf(problem.dtype) && device.MultipliesHalves() && op.PlansInHalves(problem));
  if (as_it_stands) return op.MakePlan(problem, device, communicator);
  BB_ASSIGN_OR_RETURN(auto inner, op.MakePlan(Computed(problem), device, communicator));
  if (problem.dtype == Dtype::kTf32) return std::make_unique<Tf32Plan>(std::move(inner), device);
  auto plan = std::make_unique<StoredPlan>(problem, std::move(inner), device);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

OperatorCost DeclaredCost(const Operator& op, const Problem& problem) {
  const Problem computed = Computed(problem);
  OperatorCost cost = op.Cost(computed);
  if (!IsHalf(problem.dtype)) return cost;
  const double narrower = static_cast<double>(DtypeSize(problem.dtype)) /
                          static_cast<double>(DtypeSize(computed.dtype));
  cost.bytes_min *= narrower;
  if (cost.wire_bytes_lower_bound.has_value()) *cost.wire_bytes_lower_bound *= narrower;
  for (int64_t& bytes : cost.memory_bytes) bytes += bytes / 2 + 1;
  return cost;
}

double Roundings(const Operator& op, const Problem& problem) {
  const Problem computed = Computed(problem);
  const double inner = op.RoundingGrowth(computed);
  if (computed.dtype == problem.dtype) return inner;
  // One rounding to the half at the end, or those of operands before products, however long their
  // sums are; those of f32 in units of them.
  const double finer = UnitRoundoff(computed.dtype) / UnitRoundoff(problem.dtype);
  const double coarse = IsHalf(problem.dtype) ? 1 : std::min(inner, kTf32Roundings);
  return coarse + inner * finer * finer;
}

}  // namespace basisbench
