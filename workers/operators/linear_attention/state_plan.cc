// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/linear_attention/state_plan.h"

#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/heads/head_mixer.h"
#include "workers/operators/overlap.h"
#include "workers/operators/parameters.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

class StatePlan : public Plan {
 public:
  StatePlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        shape_(ScanShapeOf(problem, HeadMixer::Heads(problem))),
        backward_(problem.direction == "backward"),
        device_(device),
        communicator_(communicator),
        rows_(PartOf(problem.shape.tokens, problem.ranks, communicator.rank())) {}

  absl::Status Allocate() {
    const int64_t keys = rows_.count * problem_.shape.d_in,
                  values = rows_.count * problem_.shape.d_out;
    BB_RETURN_IF_ERROR(Take(keys, q_));
    BB_RETURN_IF_ERROR(Take(keys, k_));
    BB_RETURN_IF_ERROR(Take(values, v_));
    BB_RETURN_IF_ERROR(Take(values, y_));
    BB_RETURN_IF_ERROR(Take(problem_.ranks * shape_.States(), states_));
    BB_RETURN_IF_ERROR(Take(shape_.States(), state_));
    BB_RETURN_IF_ERROR(Take(ChunkedScan::Workspace(shape_), workspace_));
    if (backward_) {
      BB_RETURN_IF_ERROR(Take(keys, dq_));
      BB_RETURN_IF_ERROR(Take(keys, dk_));
      BB_RETURN_IF_ERROR(Take(values, dv_));
    }
    const ScanOperands operands = {rows_.count, q_.data(),  k_.data(),  v_.data(), y_.data(),
                                   y_.data(),   dq_.data(), dk_.data(), dv_.data()};
    scan_ = std::make_unique<ChunkedScan>(device_, shape_, operands, workspace_.data());
    return absl::OkStatus();
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = {Held("x", q_, problem_.shape.d_in),
                                 Held("k", k_, problem_.shape.d_in),
                                 Held("v", v_, problem_.shape.d_out)};
    if (backward_) inputs.push_back(Held("dy", y_, problem_.shape.d_out));
    return inputs;
  }
  std::vector<Shard> Outputs() override {
    if (!backward_) return {Held("y", y_, problem_.shape.d_out)};
    return {Held("dx", dq_, problem_.shape.d_in), Held("dk", dk_, problem_.shape.d_in),
            Held("dv", dv_, problem_.shape.d_out)};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  Shard Held(const char* tensor, Buffer& buffer, int64_t width) const {
    return {tensor, problem_.dtype, buffer.data(), width, IndicesOf(rows_), IndicesOf({0, width})};
  }

  absl::Status Iterate(Parts parts) {
    BB_RETURN_IF_ERROR(Gather(parts, k_, v_, /*of_those_before=*/true));
    if (parts.compute)
      BB_RETURN_IF_ERROR(backward_ ? scan_->QueryGradients(state_.data())
                                   : scan_->Forward(state_.data()));
    if (!backward_) return device_.Synchronize();
    BB_RETURN_IF_ERROR(Gather(parts, q_, y_, /*of_those_before=*/false));
    if (parts.compute) BB_RETURN_IF_ERROR(scan_->KeyGradients(state_.data()));
    return device_.Synchronize();
  }

  // The states of all ranks; `state_` becomes the sum of those before this one, or after it; of all
  // where not causal.
  absl::Status Gather(Parts parts, Buffer& a, Buffer& b, bool of_those_before) {
    const int rank = communicator_.rank();
    if (parts.compute) BB_RETURN_IF_ERROR(scan_->SumStates(a.data(), b.data(), StateOf(rank)));
    if (parts.communicate && problem_.ranks > 1) {
      BB_RETURN_IF_ERROR(device_.Synchronize());
      BB_RETURN_IF_ERROR(
          communicator_.AllGather(problem_.dtype, states_.data(),
                                  PartsOf(problem_.ranks, problem_.ranks, shape_.States())));
    }
    if (!parts.compute) return absl::OkStatus();
    BB_RETURN_IF_ERROR(device_.Fill(problem_.dtype, shape_.States(), 0, state_.data()));
    for (int other = 0; other < problem_.ranks; ++other) {
      if (shape_.causal && (of_those_before ? other >= rank : other <= rank)) continue;
      BB_RETURN_IF_ERROR(device_.Butterfly({.dtype = problem_.dtype,
                                            .count = shape_.States(),
                                            .x = state_.data(),
                                            .z = StateOf(other),
                                            .y = state_.data()}));
    }
    return absl::OkStatus();
  }
  std::byte* StateOf(int rank) {
    return states_.data() + rank * shape_.States() * DtypeSize(problem_.dtype);
  }

  const Problem problem_;
  const ScanShape shape_;
  const bool backward_;
  Device& device_;
  Communicator& communicator_;
  const Piece rows_;
  Buffer q_, k_, v_, y_, dq_, dk_, dv_;  // y_ is dY backward
  Buffer states_, state_, workspace_;
  std::unique_ptr<ChunkedScan> scan_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<StatePlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const ScanShape shape = ScanShapeOf(problem, HeadMixer::Heads(problem));
  const int64_t rows = PartOf(tokens, problem.ranks, rank).count;
  const bool backward = problem.direction == "backward";
  RankCost cost{rows * 2 * (d_in + d_out) + (problem.ranks + 1) * shape.States() +
                ChunkedScan::Workspace(shape)};
  if (backward) cost.elements += rows * (2 * d_in + d_out);
  if (problem.ranks == 1) return cost;
  for (int time = 0; time < (backward ? 2 : 1); ++time)
    AddTraffic(AllGatherTraffic(problem.dtype,
                                PartsOf(problem.ranks, problem.ranks, shape.States()), rank),
               cost.traffic);
  return cost;
}

}  // namespace

ScanShape ScanShapeOf(const Problem& problem, int64_t heads) {
  return {.dtype = problem.dtype,
          .heads = heads,
          .key_width = problem.shape.d_in / HeadMixer::Heads(problem),
          .value_width = HeadMixer::OutputWidth(problem),
          .causal = IntegerParameter(problem, "causal") == 1,
          .chunk = std::min(IntegerParameter(problem, "chunk"), problem.shape.tokens)};
}

Sharding LinearAttentionStates() { return {"token", MakePlan, Cost}; }

}  // namespace basisbench
