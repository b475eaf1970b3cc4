// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/convolution/gated_plan.h"

#include <algorithm>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/parameters.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

Shard Find(const std::vector<Shard>& shards, absl::string_view tensor) {
  const auto shard = std::find_if(shards.begin(), shards.end(),
                                  [&](const Shard& one) { return one.tensor == tensor; });
  return shard == shards.end() ? Shard{} : *shard;
}

class GatedPlan : public Plan {
 public:
  GatedPlan(const Problem& problem, Device& device, std::unique_ptr<Plan> mixer)
      : dtype_(problem.dtype),
        two_(GatesOf(problem) == 2),
        backward_(problem.direction == "backward"),
        ranks_(problem.ranks),
        device_(device),
        mixer_(std::move(mixer)),
        inputs_(mixer_->Inputs()),
        outputs_(mixer_->Outputs()),
        gated_x_(Find(inputs_, "x")),
        y_(Find(outputs_, "y")),
        gated_dy_(Find(inputs_, "dy")),
        dx_(Find(outputs_, "dx")),
        count_(static_cast<int64_t>(gated_x_.rows.size() * gated_x_.cols.size())) {}

  absl::Status Allocate() {
    for (Buffer* buffer : {&x_, &g1_}) BB_RETURN_IF_ERROR(Take(*buffer));
    if (two_) BB_RETURN_IF_ERROR(Take(g2_));
    if (!backward_) return absl::OkStatus();
    BB_RETURN_IF_ERROR(Take(dg1_));
    return two_ ? Take(dy_) : absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(Before());
    BB_RETURN_IF_ERROR(mixer_->Run());
    return After();
  }
  absl::Status RunCompute() override {
    BB_RETURN_IF_ERROR(Before());
    BB_RETURN_IF_ERROR(mixer_->RunCompute());
    return After();
  }
  absl::Status RunCommunication() override { return mixer_->RunCommunication(); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> shards = inputs_;
    for (Shard& shard : shards) {
      if (shard.tensor == "x") shard.data = x_.data();
      if (shard.tensor == "dy" && two_) shard.data = dy_.data();
    }
    shards.push_back(LikeX("g1", g1_.data()));
    if (two_) shards.push_back(LikeX("g2", g2_.data()));
    return shards;
  }

  std::vector<Shard> Outputs() override {
    if (!backward_) return outputs_;
    std::vector<Shard> shards = {dx_, Find(outputs_, "dw"), LikeX("dg1", dg1_.data())};
    if (two_) shards.push_back(LikeX("dg2", y_.data));
    return shards;
  }

 private:
  absl::Status Take(Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(count_ * DtypeSize(dtype_)));
    return absl::OkStatus();
  }
  Shard LikeX(const char* tensor, void* data) const {
    Shard shard = gated_x_;
    shard.tensor = tensor;
    shard.data = data;
    return shard;
  }
  absl::Status Multiply(const void* a, const void* b, void* product) {
    return device_.Multiply(dtype_, count_, a, b, product);
  }

  // What the mixer works on.
  absl::Status Before() {
    BB_RETURN_IF_ERROR(Multiply(x_.data(), g1_.data(), gated_x_.data));
    if (backward_ && two_) BB_RETURN_IF_ERROR(Multiply(dy_.data(), g2_.data(), gated_dy_.data));
    return Settle(device_, ranks_);
  }

  // The mixer's dX is the gradient of X and G1's product; its Y that of G2.
  absl::Status After() {
    if (backward_) {
      BB_RETURN_IF_ERROR(Multiply(dx_.data, x_.data(), dg1_.data()));
      BB_RETURN_IF_ERROR(Multiply(dx_.data, g1_.data(), dx_.data));
    }
    if (two_) BB_RETURN_IF_ERROR(Multiply(y_.data, (backward_ ? dy_ : g2_).data(), y_.data));
    return Settle(device_, ranks_);
  }

  const Dtype dtype_;
  const bool two_, backward_;
  const int ranks_;
  Device& device_;
  const std::unique_ptr<Plan> mixer_;
  const std::vector<Shard> inputs_, outputs_;
  const Shard gated_x_, y_, gated_dy_, dx_;  // of the mixer; without data where it has none
  const int64_t count_;
  Buffer x_, g1_, g2_, dy_, dg1_;
};

}  // namespace

int64_t GatesOf(const Problem& problem) { return IntegerParameter(problem, "gates"); }

double GateFlops(const Problem& problem) {
  const int64_t gates = GatesOf(problem);
  if (gates == 0) return 0;
  // Backward G1 X, G1 dX and X dX; G2 dY and Y dY.
  return problem.direction == "backward" ? (gates == 1 ? 3 : 5) : static_cast<double>(gates);
}

absl::StatusOr<std::unique_ptr<Plan>> MakeGatedPlan(const Problem& problem, Device& device,
                                                    std::unique_ptr<Plan> mixer) {
  auto plan = std::make_unique<GatedPlan>(problem, device, std::move(mixer));
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

int64_t GatedElements(const Problem& problem, int64_t held) {
  const int64_t gates = GatesOf(problem);
  if (gates == 0) return 0;
  const int64_t backward = problem.direction == "backward" ? gates : 0;
  return held * (1 + gates + backward);
}

}  // namespace basisbench
