// SPDX-License-Identifier: Apache-2.0
// The plan of all head mixers whose heads are whole while they are mixed.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/operators/heads/head_layout.h"
#include "workers/operators/overlap.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

// An activation in memory: as it is held, and with whole heads (the same buffer where nothing
// moves).
struct Place {
  HeadActivation activation;
  Redistribution redistribution;
  Buffer held, whole;
};

class HeadPlan : public Plan {
 public:
  HeadPlan(const HeadMixer& mixer, const Problem& problem, Device& device,
           Communicator& communicator)
      : device_(device),
        communicator_(communicator),
        layout_(mixer, problem, communicator.rank()) {}

  absl::Status Allocate(const HeadMixer& mixer, const Problem& problem) {
    int64_t staging = 0;
    for (const HeadActivation& activation : layout_.activations) {
      places_.push_back({activation, layout_.RedistributionOf(activation.width), {}, {}});
      Place& place = places_.back();
      BB_RETURN_IF_ERROR(Take(layout_.HeldElements(activation.width), place.held));
      if (!layout_.moves) continue;
      BB_RETURN_IF_ERROR(Take(layout_.WholeElements(activation.width), place.whole));
      staging = std::max(staging, place.redistribution.ByRows());
    }
    BB_RETURN_IF_ERROR(Take(staging, staging_));
    if (layout_.Heads() == 0) return absl::OkStatus();
    BB_ASSIGN_OR_RETURN(local_, mixer.MakeLocal(problem, device_, Operands()));
    return absl::OkStatus();
  }

  absl::Status Run() override { return Do({}); }
  absl::Status RunCompute() override { return Do({.communicate = false}); }
  absl::Status RunCommunication() override { return Do({.compute = false}); }

  std::vector<Shard> Inputs() override { return Shards(true); }
  std::vector<Shard> Outputs() override { return Shards(false); }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(layout_.dtype)));
    return absl::OkStatus();
  }

  // Activations come in the order of HeadActivations: inputs, y or dy, gradients.
  HeadOperands Operands() {
    HeadOperands operands{.tokens = layout_.tokens, .heads = layout_.Heads()};
    for (Place& place : places_) {
      void* data = layout_.moves ? place.whole.data() : place.held.data();
      const std::string& tensor = place.activation.tensor;
      if (tensor == "y") {
        operands.y = data;
      } else if (tensor == "dy") {
        operands.dy = data;
      } else if (place.activation.incoming) {
        operands.inputs.push_back(data);
      } else {
        operands.gradients.push_back(data);
      }
    }
    return operands;
  }

  std::vector<Shard> Shards(bool incoming) {
    std::vector<Shard> shards;
    for (Place& place : places_) {
      if (place.activation.incoming != incoming) continue;
      const int64_t width = place.activation.width;
      const Piece cols = layout_.by_tokens
                             ? Piece{0, layout_.all_groups * width}
                             : Piece{layout_.groups.offset * width, layout_.groups.count * width};
      shards.push_back({place.activation.tensor, layout_.dtype, place.held.data(), cols.count,
                        IndicesOf(layout_.rows), IndicesOf(cols)});
    }
    return shards;
  }

  absl::Status Do(Parts parts) {
    for (Place& place : places_) {
      if (layout_.moves && place.activation.incoming) BB_RETURN_IF_ERROR(MakeWhole(place, parts));
    }
    if (parts.compute && local_ != nullptr) BB_RETURN_IF_ERROR(local_->Run());
    for (Place& place : places_) {
      if (layout_.moves && !place.activation.incoming) BB_RETURN_IF_ERROR(CutAgain(place, parts));
    }
    return Settle(device_, communicator_.size());
  }

  absl::Status MakeWhole(Place& place, Parts parts) {
    if (parts.compute)
      BB_RETURN_IF_ERROR(place.redistribution.Pack(device_, place.held.data(), staging_.data()));
    if (!parts.communicate) return absl::OkStatus();
    BB_RETURN_IF_ERROR(Settle(device_, communicator_.size()));
    return place.redistribution.SendRows(communicator_, staging_.data(), place.whole.data());
  }

  absl::Status CutAgain(Place& place, Parts parts) {
    if (parts.communicate) {
      BB_RETURN_IF_ERROR(Settle(device_, communicator_.size()));
      BB_RETURN_IF_ERROR(
          place.redistribution.SendColumns(communicator_, place.whole.data(), staging_.data()));
    }
    if (!parts.compute) return absl::OkStatus();
    return place.redistribution.Unpack(device_, staging_.data(), place.held.data());
  }

  Device& device_;
  Communicator& communicator_;
  const HeadLayout layout_;
  std::vector<Place> places_;
  Buffer staging_;
  std::unique_ptr<LocalHeads> local_;  // null without heads
};

}  // namespace

absl::StatusOr<std::unique_ptr<Plan>> MakeHeadPlan(const HeadMixer& mixer, const Problem& problem,
                                                   Device& device, Communicator& communicator) {
  auto plan = std::make_unique<HeadPlan>(mixer, problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate(mixer, problem));
  return plan;
}

}  // namespace basisbench
