// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mlp_mixer/gather_plan.h"

#include <utility>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/matmul/row_ring.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

class GatherPlan : public Plan {
 public:
  GatherPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        tokens_(problem.shape.tokens),
        width_(problem.shape.d_in),
        backward_(problem.direction == "backward"),
        device_(device),
        ring_(problem, width_, communicator),
        rows_(ring_.OwnRows()) {}

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(Take(tokens_ * width_, x_));
    BB_RETURN_IF_ERROR(Take(rows_.count * tokens_, t_));
    BB_RETURN_IF_ERROR(Take(rows_.count * width_, y_));
    if (!backward_) return absl::OkStatus();
    BB_RETURN_IF_ERROR(Take(tokens_ * width_, dx_));
    BB_RETURN_IF_ERROR(Take(rows_.count * tokens_, dt_));
    return Take(problem_.ranks > 1 ? ring_.LargestPart() : 0, arriving_);
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = {OfRows("x", ring_.Row(x_, rows_.offset)), OfMap("t", t_)};
    if (backward_) inputs.push_back(OfRows("dy", y_.data()));
    return inputs;
  }
  std::vector<Shard> Outputs() override {
    if (!backward_) return {OfRows("y", y_.data())};
    return {OfRows("dx", ring_.Row(dx_, rows_.offset)), OfMap("dt", dt_)};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  Shard OfRows(const char* tensor, void* data) const {
    return {tensor, problem_.dtype, data, width_, IndicesOf(rows_), IndicesOf({0, width_})};
  }
  Shard OfMap(const char* tensor, Buffer& map) const {
    return {tensor, problem_.dtype, map.data(), tokens_, IndicesOf(rows_), IndicesOf({0, tokens_})};
  }
  std::byte* Column(Buffer& map, int64_t column) const {
    return map.data() + column * DtypeSize(problem_.dtype);
  }

  absl::Status Iterate(Parts parts) {
    BB_RETURN_IF_ERROR(backward_ ? Backward(parts) : Forward(parts));
    return Settle(device_, problem_.ranks);
  }

  // Y += T[:, part] X[part].
  absl::Status Forward(Parts parts) {
    bool add = false;
    return ring_.Gather(x_, parts, [&](const Piece& part, Transfers& transfers) {
      GemmArgs args{.dtype = problem_.dtype, .m = rows_.count, .n = width_, .k = part.count};
      args.a = Column(t_, part.offset), args.lda = tokens_;
      args.b = ring_.Row(x_, part.offset), args.ldb = width_;
      args.c = y_.data(), args.ldc = width_;
      if (part.count > 0) args.beta = std::exchange(add, true) ? 1 : 0;
      return Multiply(args, transfers);
    });
  }

  // dT[:, part] = dY X[part]^t; dX[part] = sum over ranks of T[:, part]^t dY.
  absl::Status Backward(Parts parts) {
    BB_RETURN_IF_ERROR(ring_.Gather(x_, parts, [&](const Piece& part, Transfers& transfers) {
      GemmArgs args{.dtype = problem_.dtype, .transpose_b = Transpose::kYes};
      args.m = rows_.count, args.n = part.count, args.k = width_;
      args.a = y_.data(), args.lda = width_;
      args.b = ring_.Row(x_, part.offset), args.ldb = width_;
      args.c = Column(dt_, part.offset), args.ldc = tokens_;
      return Multiply(args, transfers);
    }));
    return ring_.Reduce(device_, dx_, arriving_, parts,
                        [&](const Piece& part, Transfers& transfers) -> absl::Status {
                          // A rank without tokens has nothing to add.
                          if (rows_.count == 0)
                            return device_.Fill(problem_.dtype, part.count * width_, 0.0,
                                                ring_.Row(dx_, part.offset));
                          GemmArgs args{.dtype = problem_.dtype, .transpose_a = Transpose::kYes};
                          args.m = part.count, args.n = width_, args.k = rows_.count;
                          args.a = Column(t_, part.offset), args.lda = tokens_;
                          args.b = y_.data(), args.ldb = width_;
                          args.c = ring_.Row(dx_, part.offset), args.ldc = width_;
                          return Multiply(args, transfers);
                        });
  }

  absl::Status Multiply(const GemmArgs& args, Transfers& transfers) {
    Transfers* const under_way[] = {&transfers};
    return GemmWhile(device_, args, under_way);
  }

  const Problem problem_;
  const int64_t tokens_, width_;
  const bool backward_;
  Device& device_;
  const RowRing ring_;
  const Piece rows_;
  Buffer x_, t_, y_;  // x_ has room for all rows; y_ is dY backward
  Buffer dx_, dt_, arriving_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<GatherPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const auto [tokens, width, d_out] = problem.shape;
  const int64_t rows = PartOf(tokens, problem.ranks, rank).count;
  RankCost cost{tokens * width + rows * tokens + rows * width,
                RingGatherTraffic(problem, width, rank)};
  if (problem.direction == "forward") return cost;
  cost.elements += tokens * width + rows * tokens;
  if (problem.ranks > 1) cost.elements += PartOf(tokens, problem.ranks, 0).count * width;
  AddTraffic(RingReduceTraffic(problem, width, rank), cost.traffic);
  return cost;
}

}  // namespace

Sharding MlpMixerGather() { return {"gather", MakePlan, Cost}; }

}  // namespace basisbench
