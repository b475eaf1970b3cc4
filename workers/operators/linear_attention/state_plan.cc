// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/linear_attention/state_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/heads/head_mixer.h"
#include "workers/operators/linear_attention/rates.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

struct Layout {
  Layout(const ScanOperator& op, const Problem& problem, int rank)
      : shape(op.shape(problem, HeadMixer::Heads(problem))),
        inputs(op.inputs),
        decays(std::any_of(inputs.begin(), inputs.end(),
                           [](const ScanInput& one) { return one.role == ScanRole::kRates; })),
        backward(problem.direction == "backward"),
        rows(PartOf(problem.shape.tokens, problem.ranks, rank)),
        told(shape.States() + (decays ? shape.heads : 0)),
        all_told(PartsOf(problem.ranks, problem.ranks, told)) {}

  int64_t Width(ScanRole role) const {
    if (role == ScanRole::kRates) return shape.heads;
    return shape.heads * (role == ScanRole::kValues ? shape.value_width : shape.key_width);
  }
  int64_t OutputWidth() const { return Width(ScanRole::kValues); }

  ScanShape shape;
  std::vector<ScanInput> inputs;
  bool decays, backward;
  Piece rows;
  int64_t told;                 // elements that a rank tells the others
  std::vector<Piece> all_told;  // of every rank
};

class StatePlan : public Plan {
 public:
  StatePlan(const ScanOperator& op, const Problem& problem, Device& device,
            Communicator& communicator)
      : problem_(problem),
        layout_(op, problem, communicator.rank()),
        device_(device),
        communicator_(communicator),
        inputs_(op.inputs.size()),
        gradients_(op.inputs.size()) {}

  absl::Status Allocate();

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = HeldAs("", inputs_);
    if (layout_.backward) inputs.push_back(Held("dy", y_, layout_.OutputWidth()));
    return inputs;
  }
  std::vector<Shard> Outputs() override {
    if (layout_.backward) return HeldAs("d", gradients_);
    return {Held("y", y_, layout_.OutputWidth())};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  std::byte* DataOf(ScanRole role, std::vector<Buffer>& buffers) {
    for (size_t i = 0; i < buffers.size(); ++i)
      if (layout_.inputs[i].role == role) return buffers[i].data();
    return nullptr;
  }
  Shard Held(const std::string& tensor, Buffer& buffer, int64_t width) const {
    return {tensor, problem_.dtype,          buffer.data(),
            width,  IndicesOf(layout_.rows), IndicesOf({0, width})};
  }
  std::vector<Shard> HeldAs(const std::string& prefix, std::vector<Buffer>& buffers) const {
    std::vector<Shard> shards;
    for (size_t i = 0; i < buffers.size(); ++i) {
      const ScanInput& input = layout_.inputs[i];
      shards.push_back(Held(prefix + input.name, buffers[i], layout_.Width(input.role)));
    }
    return shards;
  }
  // What a rank tells: its state, then logarithms of decays.
  std::byte* StateOf(int rank) {
    return told_.data() + rank * layout_.told * DtypeSize(problem_.dtype);
  }
  std::byte* DecaysOf(int rank) {
    return StateOf(rank) + layout_.shape.States() * DtypeSize(problem_.dtype);
  }

  enum class Side { kBefore, kAfter };
  absl::Status Iterate(Parts parts);
  absl::Status Backward(Parts parts);
  // `state` becomes what the ranks before this one leave to it, or the gradient of what it leaves
  // to those after it; where not causal, of all ranks.
  absl::Status Exchange(Parts parts, Side side, Buffer& state);
  absl::Status Add(int rank, Buffer& state);

  const Problem problem_;
  const Layout layout_;
  Device& device_;
  Communicator& communicator_;
  std::vector<Buffer> inputs_, gradients_;
  Buffer y_;  // dY backward
  Buffer told_, before_, after_, workspace_;
  std::optional<Rates> rates_;
  std::unique_ptr<ChunkedScan> scan_;
};

absl::Status StatePlan::Allocate() {
  const int64_t rows = layout_.rows.count, states = layout_.shape.States();
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const int64_t elements = rows * layout_.Width(layout_.inputs[i].role);
    BB_RETURN_IF_ERROR(Take(elements, inputs_[i]));
    BB_RETURN_IF_ERROR(Take(layout_.backward ? elements : 0, gradients_[i]));
  }
  BB_RETURN_IF_ERROR(Take(rows * layout_.OutputWidth(), y_));
  BB_RETURN_IF_ERROR(Take(problem_.ranks * layout_.told, told_));
  BB_RETURN_IF_ERROR(Take(states, before_));
  BB_RETURN_IF_ERROR(Take(layout_.backward ? states : 0, after_));
  BB_RETURN_IF_ERROR(Take(ChunkedScan::Workspace(layout_.shape, layout_.decays), workspace_));
  ScanOperands operands{.tokens = rows};
  operands.q = DataOf(ScanRole::kQueries, inputs_), operands.k = DataOf(ScanRole::kKeys, inputs_);
  operands.v = DataOf(ScanRole::kValues, inputs_), operands.dy = operands.y = y_.data();
  if (layout_.backward) {
    operands.dq = DataOf(ScanRole::kQueries, gradients_);
    operands.dk = DataOf(ScanRole::kKeys, gradients_);
    operands.dv = DataOf(ScanRole::kValues, gradients_);
  }
  if (layout_.decays) {
    void* gradient = layout_.backward ? DataOf(ScanRole::kRates, gradients_) : nullptr;
    rates_.emplace(device_, layout_.shape, rows, DataOf(ScanRole::kRates, inputs_), gradient);
    BB_RETURN_IF_ERROR(rates_->Allocate());
    operands.decays = rates_->decays();
  }
  scan_ = std::make_unique<ChunkedScan>(device_, layout_.shape, operands, workspace_.data());
  return absl::OkStatus();
}

absl::Status StatePlan::Iterate(Parts parts) {
  if (parts.compute && layout_.decays) BB_RETURN_IF_ERROR(rates_->Prepare());
  BB_RETURN_IF_ERROR(Exchange(parts, Side::kBefore, before_));
  if (layout_.backward) {
    BB_RETURN_IF_ERROR(Backward(parts));
  } else if (parts.compute) {
    BB_RETURN_IF_ERROR(scan_->Forward(before_.data()));
  }
  return Settle(device_, problem_.ranks);
}

absl::Status StatePlan::Backward(Parts parts) {
  if (parts.compute) BB_RETURN_IF_ERROR(scan_->QueryGradients(before_.data()));
  BB_RETURN_IF_ERROR(Exchange(parts, Side::kAfter, after_));
  if (!parts.compute) return absl::OkStatus();
  if (layout_.decays) {
    BB_RETURN_IF_ERROR(rates_->OfQueries(DataOf(ScanRole::kQueries, inputs_),
                                         DataOf(ScanRole::kQueries, gradients_)));
    // By now that is the state after the last of the own tokens.
    BB_RETURN_IF_ERROR(rates_->OfState(before_.data(), after_.data()));
  }
  BB_RETURN_IF_ERROR(scan_->KeyGradients(after_.data()));
  if (!layout_.decays) return absl::OkStatus();
  BB_RETURN_IF_ERROR(
      rates_->OfKeys(DataOf(ScanRole::kKeys, inputs_), DataOf(ScanRole::kKeys, gradients_)));
  return rates_->Finish();
}

absl::Status StatePlan::Exchange(Parts parts, Side side, Buffer& state) {
  const int rank = communicator_.rank(), ranks = problem_.ranks;
  const bool before = side == Side::kBefore;
  if (parts.compute && (ranks > 1 || !layout_.shape.causal)) {
    BB_RETURN_IF_ERROR(before ? scan_->SumKeys(StateOf(rank)) : scan_->SumQueries(StateOf(rank)));
    if (layout_.decays) BB_RETURN_IF_ERROR(rates_->Total(DecaysOf(rank)));
  }
  if (parts.communicate && ranks > 1) {
    BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
    BB_RETURN_IF_ERROR(communicator_.AllGather(problem_.dtype, told_.data(), layout_.all_told));
  }
  if (!parts.compute) return absl::OkStatus();
  BB_RETURN_IF_ERROR(device_.Fill(problem_.dtype, layout_.shape.States(), 0, state.data()));
  for (int done = 0; done < ranks; ++done) {
    const int other = before ? done : ranks - 1 - done;  // towards this one
    if (layout_.shape.causal && other == rank) break;
    BB_RETURN_IF_ERROR(Add(other, state));
  }
  return absl::OkStatus();
}

absl::Status StatePlan::Add(int rank, Buffer& state) {
  const ScanShape& shape = layout_.shape;
  if (layout_.decays) {
    DecayProductArgs args{.dtype = problem_.dtype, .rows = shape.heads};
    args.cols = args.x_row_stride = args.y_row_stride = shape.key_width * shape.value_width;
    args.x = args.y = state.data();
    args.plus = DecaysOf(rank), args.plus_row_stride = 1;
    BB_RETURN_IF_ERROR(device_.DecayProduct(args));
  }
  return device_.Butterfly({.dtype = problem_.dtype,
                            .count = shape.States(),
                            .x = state.data(),
                            .z = StateOf(rank),
                            .y = state.data()});
}

RankCost Cost(const ScanOperator& op, const Problem& problem, int rank) {
  const Layout layout(op, problem, rank);
  const int64_t times = layout.backward ? 2 : 1;
  int64_t columns = layout.OutputWidth();
  for (const ScanInput& input : layout.inputs) columns += layout.Width(input.role) * times;
  RankCost cost{layout.rows.count * columns + problem.ranks * layout.told +
                layout.shape.States() * times +
                ChunkedScan::Workspace(layout.shape, layout.decays)};
  if (layout.decays)
    cost.elements += Rates::Elements(layout.shape, layout.rows.count, layout.backward);
  if (problem.ranks == 1) return cost;
  for (int time = 0; time < times; ++time)
    AddTraffic(AllGatherTraffic(problem.dtype, layout.all_told, rank), cost.traffic);
  return cost;
}

// What a rank's values tell the tokens of others, backward its output gradients: a head's tokens
// are mixed by a matrix whose part between two sets of tokens has at most the rank of the state.
double LowerBoundWords(const ScanOperator& op, const Problem& problem) {
  const ScanShape shape = op.shape(problem, HeadMixer::Heads(problem));
  const bool backward = problem.direction == "backward";
  const int64_t tokens = problem.shape.tokens;
  int64_t most = 0;
  for (const Piece& part : PartsOf(tokens, problem.ranks)) {
    int64_t others = tokens - part.count;
    if (shape.causal) others = backward ? part.offset : others - part.offset;
    most = std::max(most, std::min({shape.key_width, part.count, others}));
  }
  return static_cast<double>(most * shape.heads * shape.value_width);
}

}  // namespace

double StateFlops(const Problem& problem, const ScanShape& shape) {
  if (problem.sharding != "token" || problem.ranks == 1 || !shape.causal) return 0;
  const auto states = static_cast<double>(shape.key_width * shape.value_width);
  return (problem.direction == "backward" ? 4 : 2) * states *
         static_cast<double>(problem.shape.tokens);
}

Sharding ScanStates(ScanOperator op) {
  const auto make_plan = [op](const Problem& problem, Device& device,
                              Communicator& communicator) -> absl::StatusOr<std::unique_ptr<Plan>> {
    auto plan = std::make_unique<StatePlan>(op, problem, device, communicator);
    BB_RETURN_IF_ERROR(plan->Allocate());
    return plan;
  };
  return {"token", make_plan,
          [op](const Problem& problem, int rank) { return Cost(op, problem, rank); },
          [op](const Problem& problem) { return LowerBoundWords(op, problem); },
          "rank of the map from a rank's rows to what others own"};
}

}  // namespace basisbench
