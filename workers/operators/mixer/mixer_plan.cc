// SPDX-License-Identifier: Apache-2.0
// The one plan of all mixers: make vectors whole, mix them, cut them again, reduce gradients.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/mixer_layout.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

// An activation in memory: as it is held, and whole (the same buffer where nothing moves).
struct Place {
  Activation activation;
  Redistribution redistribution;
  Buffer held, whole;
};

class MixerPlan : public Plan {
 public:
  MixerPlan(const Mixer& mixer, const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        device_(device),
        communicator_(communicator),
        layout_(mixer, problem, communicator.rank()) {}

  absl::Status Allocate(const Mixer& mixer);

  absl::Status Run() override { return Do({}); }
  absl::Status RunCompute() override { return Do({.compute = true, .communicate = false}); }
  absl::Status RunCommunication() override { return Do({.compute = false, .communicate = true}); }

  std::vector<Shard> Inputs() override;
  std::vector<Shard> Outputs() override;

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  std::byte* Whole(absl::string_view tensor);
  LocalOperands Operands();
  void* Gradient(size_t weight);
  Shard Held(Place& place);
  Shard WeightShard(size_t weight, const std::string& tensor, void* data) const;

  absl::Status Do(Parts parts);
  absl::Status MakeWhole(Place& place, Parts parts);
  absl::Status CutAgain(Place& place, Parts parts);
  absl::Status Mix();

  const Problem problem_;
  Device& device_;
  Communicator& communicator_;
  const MixerLayout layout_;
  std::vector<Place> places_;
  std::vector<Buffer> weights_, own_gradients_;
  Buffer shared_gradients_, staging_;
  std::unique_ptr<LocalMixer> local_;  // null without vectors
};

absl::Status MixerPlan::Allocate(const Mixer& mixer) {
  int64_t staging = 0;
  for (const Activation& activation : layout_.activations) {
    places_.push_back(
        {activation,
         {layout_.dtype, layout_.tokens, activation.width, layout_.ranks, layout_.rank},
         {},
         {}});
    Place& place = places_.back();
    BB_RETURN_IF_ERROR(Take(layout_.HeldElements(activation.width), place.held));
    if (!layout_.moves) continue;
    BB_RETURN_IF_ERROR(Take(layout_.WholeElements(activation.width), place.whole));
    staging = std::max(staging, place.redistribution.ByRows());
  }
  BB_RETURN_IF_ERROR(Take(staging, staging_));
  BB_RETURN_IF_ERROR(Take(layout_.shared_elements, shared_gradients_));
  for (size_t i = 0; i < layout_.weights.size(); ++i) {
    const int64_t elements = layout_.weights[i].rows * layout_.weight_cols[i].count;
    const bool own_gradient = layout_.backward && layout_.weights[i].by_channel;
    weights_.emplace_back();
    own_gradients_.emplace_back();
    BB_RETURN_IF_ERROR(Take(elements, weights_.back()));
    BB_RETURN_IF_ERROR(Take(own_gradient ? elements : 0, own_gradients_.back()));
  }
  if (layout_.vectors == 0) return absl::OkStatus();
  BB_ASSIGN_OR_RETURN(local_, mixer.MakeLocal(problem_, device_, Operands()));
  return absl::OkStatus();
}

std::byte* MixerPlan::Whole(absl::string_view tensor) {
  for (Place& place : places_) {
    if (place.activation.tensor == tensor)
      return layout_.moves ? place.whole.data() : place.held.data();
  }
  return nullptr;
}

void* MixerPlan::Gradient(size_t weight) {
  if (!layout_.backward) return nullptr;
  if (layout_.weights[weight].by_channel) return own_gradients_[weight].data();
  return shared_gradients_.data() + layout_.shared_offset[weight] * DtypeSize(layout_.dtype);
}

LocalOperands MixerPlan::Operands() {
  LocalOperands operands{.vectors = layout_.vectors};
  const bool by_column = layout_.mixes_tokens;
  operands.x = Whole("x");
  operands.y = Whole("y");
  operands.dy = Whole("dy");
  operands.dx = Whole("dx");
  operands.x_vector = by_column ? 1 : problem_.shape.d_in;
  operands.x_element = by_column ? layout_.vectors : 1;
  operands.y_vector = by_column ? 1 : problem_.shape.d_out;
  operands.y_element = by_column ? layout_.vectors : 1;
  for (size_t i = 0; i < weights_.size(); ++i) {
    operands.weights.push_back(weights_[i].data());
    operands.gradients.push_back(Gradient(i));
  }
  return operands;
}

absl::Status MixerPlan::Do(Parts parts) {
  for (Place& place : places_) {
    if (place.activation.incoming) BB_RETURN_IF_ERROR(MakeWhole(place, parts));
  }
  if (parts.compute) BB_RETURN_IF_ERROR(Mix());
  for (Place& place : places_) {
    if (!place.activation.incoming) BB_RETURN_IF_ERROR(CutAgain(place, parts));
  }
  if (parts.communicate && layout_.shared_elements > 0 && layout_.ranks > 1) {
    BB_RETURN_IF_ERROR(Settle(device_, layout_.ranks));
    BB_RETURN_IF_ERROR(
        communicator_.AllReduce(layout_.dtype, shared_gradients_.data(), layout_.shared_elements));
  }
  return Settle(device_, layout_.ranks);
}

absl::Status MixerPlan::Mix() {
  if (local_ != nullptr) return local_->Run();
  // A rank without vectors adds nothing to the gradients; the last sum is still there.
  if (layout_.shared_elements == 0) return absl::OkStatus();
  return device_.Fill(layout_.dtype, layout_.shared_elements, 0.0, shared_gradients_.data());
}

absl::Status MixerPlan::MakeWhole(Place& place, Parts parts) {
  if (!layout_.moves) return absl::OkStatus();
  const Redistribution& redistribution = place.redistribution;
  if (layout_.held_by_rows) {
    if (parts.compute)
      BB_RETURN_IF_ERROR(redistribution.Pack(device_, place.held.data(), staging_.data()));
    if (!parts.communicate) return absl::OkStatus();
    BB_RETURN_IF_ERROR(Settle(device_, layout_.ranks));
    return redistribution.SendRows(communicator_, staging_.data(), place.whole.data());
  }
  if (parts.communicate)
    BB_RETURN_IF_ERROR(
        redistribution.SendColumns(communicator_, place.held.data(), staging_.data()));
  if (!parts.compute) return absl::OkStatus();
  BB_RETURN_IF_ERROR(redistribution.Unpack(device_, staging_.data(), place.whole.data()));
  return Settle(device_, layout_.ranks);  // the next one writes the staging area again
}

absl::Status MixerPlan::CutAgain(Place& place, Parts parts) {
  if (!layout_.moves) return absl::OkStatus();
  const Redistribution& redistribution = place.redistribution;
  if (layout_.held_by_rows) {
    if (parts.communicate) {
      BB_RETURN_IF_ERROR(Settle(device_, layout_.ranks));
      BB_RETURN_IF_ERROR(
          redistribution.SendColumns(communicator_, place.whole.data(), staging_.data()));
    }
    return parts.compute ? redistribution.Unpack(device_, staging_.data(), place.held.data())
                         : absl::OkStatus();
  }
  if (parts.compute)
    BB_RETURN_IF_ERROR(redistribution.Pack(device_, place.whole.data(), staging_.data()));
  if (!parts.communicate) return absl::OkStatus();
  BB_RETURN_IF_ERROR(Settle(device_, layout_.ranks));
  return redistribution.SendRows(communicator_, staging_.data(), place.held.data());
}

Shard MixerPlan::Held(Place& place) {
  const Piece cols = layout_.HeldCols(place.activation.width);
  return {place.activation.tensor,       layout_.dtype,  place.held.data(), cols.count,
          IndicesOf(layout_.HeldRows()), IndicesOf(cols)};
}

Shard MixerPlan::WeightShard(size_t weight, const std::string& tensor, void* data) const {
  const Piece& cols = layout_.weight_cols[weight];
  return {
      tensor,         layout_.dtype, data, cols.count, IndicesOf({0, layout_.weights[weight].rows}),
      IndicesOf(cols)};
}

std::vector<Shard> MixerPlan::Inputs() {
  std::vector<Shard> inputs;
  for (Place& place : places_) {
    if (place.activation.incoming) inputs.push_back(Held(place));
  }
  for (size_t i = 0; i < weights_.size(); ++i)
    inputs.push_back(WeightShard(i, layout_.weights[i].name, weights_[i].data()));
  return inputs;
}

std::vector<Shard> MixerPlan::Outputs() {
  std::vector<Shard> outputs;
  for (Place& place : places_) {
    if (!place.activation.incoming) outputs.push_back(Held(place));
  }
  for (size_t i = 0; layout_.backward && i < weights_.size(); ++i)
    outputs.push_back(WeightShard(i, "d" + layout_.weights[i].name, Gradient(i)));
  return outputs;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Plan>> MakeMixerPlan(const Mixer& mixer, const Problem& problem,
                                                    Device& device, Communicator& communicator) {
  auto plan = std::make_unique<MixerPlan>(mixer, problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate(mixer));
  return plan;
}

}  // namespace basisbench
