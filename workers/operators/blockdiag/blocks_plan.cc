// SPDX-License-Identifier: Apache-2.0
// "blocks": rank p has blocks B_p, their inputs, outputs and weights. It is a smaller problem of
// the same kind on a rank by itself, in its place in the whole. Messages and bytes: none.
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/blockdiag/blockdiag.h"
#include "workers/operators/mixer/mixer_layout.h"
#include "workers/operators/parameters.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

Piece OwnBlocks(const Problem& problem, int rank) {
  return PartOf(IntegerParameter(problem, "blocks"), problem.ranks, rank);
}

// The blocks of one rank as a problem; there is at least one.
Problem OfBlocks(const Mixer& mixer, const Problem& problem, const Piece& own) {
  const int64_t blocks = IntegerParameter(problem, "blocks");
  const int64_t in = mixer.InputLength(problem) / blocks * own.count;
  const int64_t out = mixer.OutputLength(problem) / blocks * own.count;
  Problem part = problem;
  if (mixer.MixesTokens(problem)) {
    part.shape.tokens = in;
  } else {
    part.shape.d_in = in;
    part.shape.d_out = out;
  }
  part.parameters["blocks"] = std::to_string(own.count);
  part.sharding = "token";
  part.ranks = 1;
  return part;
}

class BlocksPlan : public Plan {
 public:
  BlocksPlan(const Problem& problem, const Piece& own)
      : problem_(problem), tokens_(mixer_.MixesTokens(problem)), own_(own) {}

  absl::Status Prepare(Device& device, Communicator& communicator) {
    BB_ASSIGN_OR_RETURN(alone_, communicator.Split(communicator.rank(), 0));
    if (own_.count == 0) return absl::OkStatus();
    BB_ASSIGN_OR_RETURN(part_,
                        MakeMixerPlan(mixer_, OfBlocks(mixer_, problem_, own_), device, *alone_));
    return absl::OkStatus();
  }

  absl::Status Run() override { return part_ == nullptr ? absl::OkStatus() : part_->Run(); }
  absl::Status RunCompute() override { return Run(); }
  absl::Status RunCommunication() override { return absl::OkStatus(); }

  std::vector<Shard> Inputs() override {
    if (part_ == nullptr) return {};
    return InPlace(part_->Inputs());
  }
  std::vector<Shard> Outputs() override {
    if (part_ != nullptr) return InPlace(part_->Outputs());
    if (problem_.direction == "forward") return {{"y", problem_.dtype, nullptr, 0, {}, {}}};
    return {{"dx", problem_.dtype, nullptr, 0, {}, {}}, {"dw", problem_.dtype, nullptr, 0, {}, {}}};
  }

 private:
  // Indices of the part to those of the whole.
  std::vector<Shard> InPlace(std::vector<Shard> shards) const {
    const int64_t blocks = IntegerParameter(problem_, "blocks");
    const int64_t in = mixer_.InputLength(problem_) / blocks * own_.offset;
    const int64_t out = mixer_.OutputLength(problem_) / blocks * own_.offset;
    for (Shard& shard : shards) {
      const bool of_weight = shard.tensor == "w" || shard.tensor == "dw";
      const bool of_input = shard.tensor == "x" || shard.tensor == "dx";
      std::vector<int64_t>& indices = of_weight || tokens_ ? shard.rows : shard.cols;
      for (int64_t& index : indices) index += of_input ? in : out;
    }
    return shards;
  }

  const BlockDiag mixer_;
  const Problem problem_;
  const bool tokens_;
  const Piece own_;
  std::unique_ptr<Communicator> alone_;
  std::unique_ptr<Plan> part_;  // null without blocks
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<BlocksPlan>(problem, OwnBlocks(problem, communicator.rank()));
  BB_RETURN_IF_ERROR(plan->Prepare(device, communicator));
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const Piece own = OwnBlocks(problem, rank);
  if (own.count == 0) return {};
  const BlockDiag mixer;
  return MixerRankCost(mixer, OfBlocks(mixer, problem, own), 0);
}

}  // namespace

Sharding BlockDiagBlocks() { return {"blocks", MakePlan, Cost}; }

}  // namespace basisbench
