// SPDX-License-Identifier: Apache-2.0
// Everything goes through in tiles of vectors as in TiledMixer, the first step for all of them,
// then the exchange, then the second step. z is kept by peer and tile, as it is sent and as it is
// used on arrival: nothing is packed but what a step packs itself.
#include <algorithm>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/mixer/blocked_mixer.h"
#include "workers/operators/mixer/digit_switch.h"
#include "workers/operators/mixer/mixer_layout.h"
#include "workers/operators/mixer/switch_pieces.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

using Make = std::function<std::unique_ptr<DigitSwitch>(const Problem&)>;

struct Layout {
  Layout(const TiledMixer& op, const Problem& problem, const DigitSwitch& map, int rank)
      : dtype(problem.dtype),
        backward(problem.direction == "backward"),
        tokens(op.MixesTokens(problem)),
        vectors(op.Vectors(problem)),
        parts{PartsOf(map.InputDigits(), problem.ranks), PartsOf(map.OutputDigits(), problem.ranks),
              rank},
        inputs(map.Inputs(parts.own_in())),
        outputs(map.Outputs(parts.own_out())),
        weights(map.Weights(parts)),
        scratch(map.ScratchPerVector(parts, backward)),
        z(parts.in, parts.out, map.Depth(), rank, vectors, vectors) {
    // z lies by tiles: they are the same on every rank, and follow the one that has most.
    const SwitchParts most{parts.in, parts.out, 0};
    tile = TileVectors(dtype, vectors,
                       TileElements(static_cast<int64_t>(map.Inputs(most.own_in()).size()),
                                    static_cast<int64_t>(map.Outputs(most.own_out()).size()),
                                    map.ScratchPerVector(most, backward)));
    for (const HeldWeight& weight : weights) {
      held += weight.elements();
      if (weight.shared) shared += weight.elements();
    }
  }

  int64_t In() const { return static_cast<int64_t>(inputs.size()); }
  int64_t Out() const { return static_cast<int64_t>(outputs.size()); }
  // Of all buffers of a tile, for each vector.
  int64_t TileElements(int64_t in, int64_t out, int64_t of_scratch) const {
    return in + out + (backward ? in : 0) + of_scratch;
  }

  Dtype dtype;
  bool backward, tokens;
  int64_t vectors;
  SwitchParts parts;
  std::vector<int64_t> inputs, outputs;
  std::vector<HeldWeight> weights;
  int64_t scratch;
  SwitchPieces z;
  int64_t tile = 0;              // vectors
  int64_t held = 0, shared = 0;  // elements of weights
};

class SwitchPlan : public Plan {
 public:
  SwitchPlan(const Problem& problem, Layout layout, std::vector<Weight> weights, Device& device,
             Communicator& communicator)
      : problem_(problem),
        layout_(std::move(layout)),
        names_(std::move(weights)),
        device_(device),
        communicator_(communicator),
        to_z_(layout_.parts.in.size()),
        to_dz_(to_z_.size()) {}

  absl::Status Allocate(const DigitSwitch& map);

  absl::Status Run() override { return Do({}); }
  absl::Status RunCompute() override { return Do({.communicate = false}); }
  absl::Status RunCommunication() override { return Do({.compute = false}); }

  std::vector<Shard> Inputs() override;
  std::vector<Shard> Outputs() override;

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(layout_.dtype)));
    return absl::OkStatus();
  }
  std::byte* At(Buffer& buffer, int64_t element) const {
    return buffer.data() + element * DtypeSize(layout_.dtype);
  }
  Shard Held(const char* tensor, Buffer& buffer, const std::vector<int64_t>& elements) const;
  std::vector<Shard> WeightsAs(const std::string& prefix,
                               const std::vector<std::byte*>& data) const;

  // A tile's part of an activation with `length` elements a vector, in memory and put together.
  Target Outside(Buffer& buffer, int64_t length, int64_t first) const {
    if (layout_.tokens) return {At(buffer, first), layout_.vectors, 1};
    return {At(buffer, first * length), 1, length};
  }
  absl::Status Bring(Buffer& from, int64_t length, int64_t first, int64_t vectors, Buffer& tile) {
    return CopyRows(device_, layout_.dtype, length, vectors, AsSource(Outside(from, length, first)),
                    {tile.data(), vectors, 1});
  }
  absl::Status PutBack(Buffer& tile, int64_t length, int64_t first, int64_t vectors, Buffer& to) {
    return CopyRows(device_, layout_.dtype, length, vectors, {tile.data(), vectors, 1},
                    Outside(to, length, first));
  }

  // Where a tile's z, or its gradient, lies. What is sent one way in `sent_` comes back there; the
  // own part is never sent.
  enum class Step { kFirst, kSecond };
  void Aim(Step step, int64_t first, Buffer& arriving, std::vector<std::byte*>& at);

  absl::Status Do(Parts parts);
  absl::Status Backward(Parts parts);
  absl::Status FirstStep();
  absl::Status SecondStep();
  absl::Status SecondAdjoint();
  absl::Status FirstAdjoint();
  template <typename Work>
  absl::Status EachTile(int64_t elements, Work work);
  absl::Status Exchange(Parts parts);
  absl::Status ExchangeBack(Parts parts);

  const Problem problem_;
  const Layout layout_;
  const std::vector<Weight> names_;
  Device& device_;
  Communicator& communicator_;
  Buffer x_, y_, dx_;  // y_ is dY backward
  Buffer weights_, gradients_;
  std::vector<std::byte*> weight_data_, gradient_data_;  // of each; shared gradients come first
  Buffer sent_, received_, dz_;                          // dz_: like received_
  Buffer tile_x_, tile_y_, tile_dx_, scratch_;
  std::vector<std::byte*> to_z_, to_dz_;  // of the tile at hand, by peer
  std::unique_ptr<SwitchKernel> kernel_;
};

absl::Status SwitchPlan::Allocate(const DigitSwitch& map) {
  const int64_t tile = layout_.tile, in = layout_.In(), out = layout_.Out();
  const bool backward = layout_.backward;
  BB_RETURN_IF_ERROR(Take(in * layout_.vectors, x_));
  BB_RETURN_IF_ERROR(Take(out * layout_.vectors, y_));
  BB_RETURN_IF_ERROR(Take(backward ? in * layout_.vectors : 0, dx_));
  BB_RETURN_IF_ERROR(Take(layout_.held, weights_));
  BB_RETURN_IF_ERROR(Take(backward ? layout_.held : 0, gradients_));
  BB_RETURN_IF_ERROR(Take(layout_.z.sent, sent_));
  BB_RETURN_IF_ERROR(Take(layout_.z.received, received_));
  BB_RETURN_IF_ERROR(Take(backward ? layout_.z.received : 0, dz_));
  BB_RETURN_IF_ERROR(Take(in * tile, tile_x_));
  BB_RETURN_IF_ERROR(Take(out * tile, tile_y_));
  BB_RETURN_IF_ERROR(Take(backward ? in * tile : 0, tile_dx_));
  BB_RETURN_IF_ERROR(Take(layout_.scratch * tile, scratch_));
  int64_t at = 0, shared = 0, own = layout_.shared;
  for (const HeldWeight& weight : layout_.weights) {
    int64_t& gradient = weight.shared ? shared : own;
    weight_data_.push_back(At(weights_, at));
    gradient_data_.push_back(backward ? At(gradients_, gradient) : nullptr);
    at += weight.elements();
    gradient += weight.elements();
  }
  kernel_ = map.MakeKernel(layout_.dtype, device_, layout_.parts,
                           {weight_data_.begin(), weight_data_.end()},
                           {gradient_data_.begin(), gradient_data_.end()});
  return absl::OkStatus();
}

Shard SwitchPlan::Held(const char* tensor, Buffer& buffer,
                       const std::vector<int64_t>& elements) const {
  const std::vector<int64_t> vectors = IndicesOf({0, layout_.vectors});
  if (layout_.tokens)
    return {tensor, layout_.dtype, buffer.data(), layout_.vectors, elements, vectors};
  return {tensor,  layout_.dtype, buffer.data(), static_cast<int64_t>(elements.size()),
          vectors, elements};
}

std::vector<Shard> SwitchPlan::WeightsAs(const std::string& prefix,
                                         const std::vector<std::byte*>& data) const {
  std::vector<Shard> shards;
  for (size_t i = 0; i < data.size(); ++i) {
    const HeldWeight& weight = layout_.weights[i];
    shards.push_back({prefix + names_[i].name, layout_.dtype, data[i],
                      static_cast<int64_t>(weight.cols.size()), weight.rows, weight.cols});
  }
  return shards;
}

std::vector<Shard> SwitchPlan::Inputs() {
  std::vector<Shard> inputs = WeightsAs("", weight_data_);
  inputs.push_back(Held("x", x_, layout_.inputs));
  if (layout_.backward) inputs.push_back(Held("dy", y_, layout_.outputs));
  return inputs;
}

std::vector<Shard> SwitchPlan::Outputs() {
  if (!layout_.backward) return {Held("y", y_, layout_.outputs)};
  std::vector<Shard> outputs = WeightsAs("d", gradient_data_);
  outputs.insert(outputs.begin(), Held("dx", dx_, layout_.inputs));
  return outputs;
}

void SwitchPlan::Aim(Step step, int64_t first, Buffer& arriving, std::vector<std::byte*>& at) {
  const SwitchPieces& z = layout_.z;
  for (int peer = 0; peer < layout_.parts.peers(); ++peer) {
    const bool arrives = step == Step::kSecond || peer == layout_.parts.me;
    at[peer] = arrives ? At(arriving, z.receive[peer].offset + first * z.received_width[peer])
                       : At(sent_, z.send[peer].offset + first * z.sent_width[peer]);
  }
}

absl::Status SwitchPlan::Do(Parts parts) {
  if (parts.compute) BB_RETURN_IF_ERROR(FirstStep());
  BB_RETURN_IF_ERROR(Exchange(parts));
  if (layout_.backward) {
    BB_RETURN_IF_ERROR(Backward(parts));
  } else if (parts.compute) {
    BB_RETURN_IF_ERROR(SecondStep());
  }
  return Settle(device_, communicator_.size());
}

absl::Status SwitchPlan::Backward(Parts parts) {
  if (parts.compute) {
    BB_RETURN_IF_ERROR(device_.Fill(layout_.dtype, layout_.held, 0.0, gradients_.data()));
    BB_RETURN_IF_ERROR(SecondAdjoint());
  }
  BB_RETURN_IF_ERROR(ExchangeBack(parts));
  if (parts.compute) BB_RETURN_IF_ERROR(FirstAdjoint());
  if (!parts.communicate || layout_.shared == 0) return absl::OkStatus();
  BB_RETURN_IF_ERROR(Settle(device_, communicator_.size()));
  return communicator_.AllReduce(layout_.dtype, gradients_.data(), layout_.shared);
}

// `work` with the first vector and the number of vectors of each tile, where the rank has elements.
template <typename Work>
absl::Status SwitchPlan::EachTile(int64_t elements, Work work) {
  for (int64_t first = 0; elements > 0 && first < layout_.vectors; first += layout_.tile)
    BB_RETURN_IF_ERROR(work(first, std::min(layout_.tile, layout_.vectors - first)));
  return absl::OkStatus();
}

absl::Status SwitchPlan::FirstStep() {
  return EachTile(layout_.In(), [&](int64_t first, int64_t vectors) -> absl::Status {
    Aim(Step::kFirst, first, received_, to_z_);
    BB_RETURN_IF_ERROR(Bring(x_, layout_.In(), first, vectors, tile_x_));
    return kernel_->First(
        {.vectors = vectors, .x = tile_x_.data(), .scratch = scratch_.data(), .z = to_z_});
  });
}

absl::Status SwitchPlan::SecondStep() {
  return EachTile(layout_.Out(), [&](int64_t first, int64_t vectors) -> absl::Status {
    Aim(Step::kSecond, first, received_, to_z_);
    BB_RETURN_IF_ERROR(kernel_->Second(
        {.vectors = vectors, .y = tile_y_.data(), .scratch = scratch_.data(), .z = to_z_}));
    return PutBack(tile_y_, layout_.Out(), first, vectors, y_);
  });
}

absl::Status SwitchPlan::SecondAdjoint() {
  return EachTile(layout_.Out(), [&](int64_t first, int64_t vectors) -> absl::Status {
    Aim(Step::kSecond, first, received_, to_z_);
    Aim(Step::kSecond, first, dz_, to_dz_);
    BB_RETURN_IF_ERROR(Bring(y_, layout_.Out(), first, vectors, tile_y_));
    return kernel_->SecondAdjoint({.vectors = vectors,
                                   .dy = tile_y_.data(),
                                   .scratch = scratch_.data(),
                                   .z = to_z_,
                                   .dz = to_dz_});
  });
}

absl::Status SwitchPlan::FirstAdjoint() {
  return EachTile(layout_.In(), [&](int64_t first, int64_t vectors) -> absl::Status {
    Aim(Step::kFirst, first, dz_, to_dz_);
    BB_RETURN_IF_ERROR(Bring(x_, layout_.In(), first, vectors, tile_x_));
    BB_RETURN_IF_ERROR(kernel_->FirstAdjoint({.vectors = vectors,
                                              .x = tile_x_.data(),
                                              .dx = tile_dx_.data(),
                                              .scratch = scratch_.data(),
                                              .dz = to_dz_}));
    return PutBack(tile_dx_, layout_.In(), first, vectors, dx_);
  });
}

absl::Status SwitchPlan::Exchange(Parts parts) {
  BB_RETURN_IF_ERROR(Settle(device_, communicator_.size()));
  if (!parts.communicate) return absl::OkStatus();
  return communicator_.AllToAll(layout_.dtype, sent_.data(), layout_.z.send, received_.data(),
                                layout_.z.receive);
}

absl::Status SwitchPlan::ExchangeBack(Parts parts) {
  BB_RETURN_IF_ERROR(Settle(device_, communicator_.size()));
  if (!parts.communicate) return absl::OkStatus();
  return communicator_.AllToAll(layout_.dtype, dz_.data(), layout_.z.receive, sent_.data(),
                                layout_.z.send);
}

// A rank by itself has whole vectors.
bool Switches(const Problem& problem) { return problem.ranks > 1; }

RankCost Cost(const TiledMixer& op, const Problem& problem, const DigitSwitch& map, int rank) {
  const Layout layout(op, problem, map, rank);
  const int64_t times = layout.backward ? 2 : 1;
  RankCost cost{layout.vectors * (layout.In() * times + layout.Out()) + layout.held * times +
                layout.z.sent + layout.z.received * times +
                layout.tile * layout.TileElements(layout.In(), layout.Out(), layout.scratch)};
  cost.traffic = AllToAllTraffic(problem.dtype, layout.z.send, rank);
  if (!layout.backward) return cost;
  AddTraffic(AllToAllTraffic(problem.dtype, layout.z.receive, rank), cost.traffic);
  if (layout.shared > 0)
    AddTraffic(AllReduceTraffic(problem.dtype, layout.shared, rank, problem.ranks), cost.traffic);
  return cost;
}

// What a rank's digits tell the others about theirs is a linear map; backward it is transposed.
double LowerBoundWords(const TiledMixer& op, const Problem& problem, const DigitSwitch& map) {
  const bool backward = problem.direction == "backward";
  int64_t most = 0;
  for (int rank = 0; rank < problem.ranks; ++rank) {
    int64_t in = PartOf(map.InputDigits(), problem.ranks, rank).count;
    int64_t out = PartOf(map.OutputDigits(), problem.ranks, rank).count;
    int64_t& others = backward ? in : out;
    others = (backward ? map.InputDigits() : map.OutputDigits()) - others;
    most = std::max(most, map.RankBetween(in, out));
  }
  return static_cast<double>(most) * static_cast<double>(op.Vectors(problem));
}

}  // namespace

Sharding SwitchSharding(const TiledMixer& op, Make make) {
  const auto make_plan = [&op, make](
                             const Problem& problem, Device& device,
                             Communicator& communicator) -> absl::StatusOr<std::unique_ptr<Plan>> {
    if (!Switches(problem)) return MakeMixerPlan(op, problem, device, communicator);
    const std::unique_ptr<DigitSwitch> map = make(problem);
    auto plan =
        std::make_unique<SwitchPlan>(problem, Layout(op, problem, *map, communicator.rank()),
                                     op.Weights(problem), device, communicator);
    BB_RETURN_IF_ERROR(plan->Allocate(*map));
    return plan;
  };
  const auto cost = [&op, make](const Problem& problem, int rank) {
    return Switches(problem) ? Cost(op, problem, *make(problem), rank)
                             : MixerRankCost(op, problem, rank);
  };
  const auto bound = [&op, make](const Problem& problem) {
    return LowerBoundWords(op, problem, *make(problem));
  };
  return {"all_to_all", make_plan, cost, bound,
          "rank of the map from a rank's part to what others own"};
}

}  // namespace basisbench
