// SPDX-License-Identifier: Apache-2.0
// Two-dimensional matmul on an R x C grid of ranks: SUMMA (van de Geijn, Watts 1997) with
// look-ahead and, instead of broadcasts, a rotated order of panels (as Cannon's) in which every
// rank sends and receives at every step. On a 1 x P or P x 1 grid it is a ring of panels of the one
// operand that has to move.
//   Bytes b (own X elements (C - 1) + own W elements (R - 1)); messages: own panels of X (C - 1),
//   of W (R - 1).
#include <algorithm>
#include <array>
#include <deque>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/matmul/matmul_plans.h"
#include "workers/operators/matmul/summa_schedule.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

// Transfers for step t start when step t - kLookAhead does, into one of kSlots buffers used in
// turn.
constexpr int64_t kLookAhead = 2;
constexpr int64_t kSlots = kLookAhead + 1;

class SummaPlan : public Plan {
 public:
  SummaPlan(const Problem& problem, const ProcessGrid& grid, Device& device,
            Communicator& communicator)
      : problem_(problem),
        device_(device),
        communicator_(communicator),
        schedule_(problem, grid, communicator.rank()),
        own_x_(schedule_.panels()),
        own_w_(schedule_.panels()) {}

  absl::Status Allocate() {
    for (int64_t panel = 0; panel < schedule_.panels(); ++panel) {
      if (schedule_.OwnsX(panel))
        BB_RETURN_IF_ERROR(Take(schedule_.XElements(panel), own_x_[panel]));
      if (schedule_.OwnsW(panel))
        BB_RETURN_IF_ERROR(Take(schedule_.WElements(panel), own_w_[panel]));
    }
    for (int64_t step = 0; step < schedule_.panels(); ++step) {
      steps_.push_back({schedule_.SendsFor(step), schedule_.ReceivesFor(step)});
      for (const auto& message : steps_.back().receives) {
        Buffer& slot = Slot(message.of_x, step);
        const int64_t across = message.of_x ? schedule_.rows().count : schedule_.cols().count;
        if (slot.data() == nullptr)
          BB_RETURN_IF_ERROR(Take(across * schedule_.widest_panel(), slot));
      }
    }
    return Take(schedule_.rows().count * schedule_.cols().count, y_);
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> shards;
    const Piece rows = schedule_.rows(), cols = schedule_.cols();
    for (int64_t panel = 0; panel < schedule_.panels(); ++panel) {
      const Piece inner = schedule_.Panel(panel);
      if (schedule_.OwnsX(panel)) {
        shards.push_back({"x", problem_.dtype, own_x_[panel].data(), inner.count, IndicesOf(rows),
                          IndicesOf(inner)});
      }
      if (schedule_.OwnsW(panel)) {
        shards.push_back({"w", problem_.dtype, own_w_[panel].data(), cols.count, IndicesOf(inner),
                          IndicesOf(cols)});
      }
    }
    return shards;
  }

  std::vector<Shard> Outputs() override {
    return {{"y", problem_.dtype, y_.data(), schedule_.cols().count, IndicesOf(schedule_.rows()),
             IndicesOf(schedule_.cols())}};
  }

  std::string Grid() const override { return problem_.grid; }

 private:
  struct Step {
    std::vector<SummaSchedule::Message> sends, receives;
    Transfers transfers;
  };

  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }

  Buffer& Slot(bool of_x, int64_t step) { return (of_x ? x_slots_ : w_slots_)[step % kSlots]; }

  absl::Status Iterate(Parts parts) {
    const int64_t steps = schedule_.panels();
    if (parts.communicate) {
      for (int64_t step = 0; step < std::min(kLookAhead, steps); ++step)
        BB_RETURN_IF_ERROR(Start(step));
    }
    for (int64_t step = 0; step < steps; ++step) {
      if (parts.communicate && step + kLookAhead < steps)
        BB_RETURN_IF_ERROR(Start(step + kLookAhead));
      BB_RETURN_IF_ERROR(steps_[step].transfers.Wait());
      if (parts.compute) BB_RETURN_IF_ERROR(Multiply(step));
    }
    return device_.Synchronize();
  }

  absl::Status Start(int64_t step) {
    BB_RETURN_IF_ERROR(device_.Synchronize());  // the slot's last product is complete
    for (const auto& message : steps_[step].receives) {
      BB_ASSIGN_OR_RETURN(auto pending,
                          communicator_.StartSendRecv(problem_.dtype, nullptr, 0, -1,
                                                      Slot(message.of_x, step).data(),
                                                      Elements(message), message.peer));
      steps_[step].transfers.Add(std::move(pending));
    }
    for (const auto& message : steps_[step].sends) {
      const Buffer& own = (message.of_x ? own_x_ : own_w_)[message.panel];
      BB_ASSIGN_OR_RETURN(auto pending,
                          communicator_.StartSendRecv(problem_.dtype, own.data(), Elements(message),
                                                      message.peer, nullptr, 0, -1));
      steps_[step].transfers.Add(std::move(pending));
    }
    return absl::OkStatus();
  }

  int64_t Elements(const SummaSchedule::Message& message) const {
    return message.of_x ? schedule_.XElements(message.panel) : schedule_.WElements(message.panel);
  }

  absl::Status Multiply(int64_t step) {
    const int64_t panel = schedule_.PanelAt(step);
    const int64_t inner = schedule_.Panel(panel).count;
    const Piece rows = schedule_.rows(), cols = schedule_.cols();
    GemmArgs args{.dtype = problem_.dtype, .m = rows.count, .n = cols.count, .k = inner};
    args.a = schedule_.OwnsX(panel) ? own_x_[panel].data() : Slot(true, step).data();
    args.lda = inner;
    args.b = schedule_.OwnsW(panel) ? own_w_[panel].data() : Slot(false, step).data();
    args.ldb = cols.count;
    args.beta = step == 0 ? 0.0 : 1.0;
    args.c = y_.data();
    args.ldc = cols.count;
    Transfers none;
    const int64_t last = schedule_.panels() - 1;
    return GemmWhile(device_, args,
                     {step < last ? &steps_[step + 1].transfers : &none,
                      step + 1 < last ? &steps_[step + 2].transfers : &none});
  }

  const Problem problem_;
  Device& device_;
  Communicator& communicator_;
  const SummaSchedule schedule_;
  std::vector<Buffer> own_x_, own_w_;  // by panel; empty where another rank owns it
  std::array<Buffer, kSlots> x_slots_, w_slots_;
  std::deque<Step> steps_;
  Buffer y_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const ProcessGrid grid, ParseGrid(problem.grid, problem.ranks));
  auto plan = std::make_unique<SummaPlan>(problem, grid, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

// Closed forms rather than a walk over the schedule: cheap for any number of ranks, and a check of
// the walk.
RankCost CostOn(const Problem& problem, const ProcessGrid& grid, int rank) {
  const SummaSchedule schedule(problem, grid, rank);
  const int64_t rows = schedule.rows().count, cols = schedule.cols().count;
  RankCost cost{rows * cols, {}};
  Traffic& moved = cost.traffic[static_cast<size_t>(Collective::kSendRecv)];
  for (int64_t panel = 0; panel < schedule.panels(); ++panel) {
    const bool own_x = schedule.OwnsX(panel), own_w = schedule.OwnsW(panel);
    const int64_t x_sends = own_x ? grid.cols - 1 : 0, w_sends = own_w ? grid.rows - 1 : 0;
    const int64_t x = schedule.XElements(panel), w = schedule.WElements(panel);
    moved.calls += x_sends + w_sends + !own_x + !own_w;
    moved.messages_sent += (x > 0 ? x_sends : 0) + (w > 0 ? w_sends : 0);
    moved.bytes_sent += (x * x_sends + w * w_sends) * DtypeSize(problem.dtype);
    cost.elements += (own_x ? x : 0) + (own_w ? w : 0);
  }
  bool x_slot[kSlots] = {}, w_slot[kSlots] = {};
  for (int64_t step = 0; step < schedule.panels(); ++step) {
    x_slot[step % kSlots] |= !schedule.OwnsX(schedule.PanelAt(step));
    w_slot[step % kSlots] |= !schedule.OwnsW(schedule.PanelAt(step));
  }
  for (int64_t slot = 0; slot < kSlots; ++slot) {
    cost.elements += (x_slot[slot] * rows + w_slot[slot] * cols) * schedule.widest_panel();
  }
  return cost;
}

RankCost Cost(const Problem& problem, int rank) {
  return CostOn(problem, *ParseGrid(problem.grid, problem.ranks), rank);
}

}  // namespace

Sharding MatMulSumma() { return {"summa", MakePlan, Cost}; }

ProcessGrid BestSummaGrid(const Problem& problem) {
  ProcessGrid best;
  int64_t fewest = -1;
  for (int rows = 1; rows <= problem.ranks; ++rows) {
    if (problem.ranks % rows != 0) continue;
    const ProcessGrid grid{rows, problem.ranks / rows};
    int64_t most = 0;
    for (int rank = 0; rank < problem.ranks; ++rank) {
      const RankCost cost = CostOn(problem, grid, rank);
      most = std::max(most, cost.traffic[static_cast<size_t>(Collective::kSendRecv)].bytes_sent);
    }
    if (fewest < 0 || most < fewest) {
      fewest = most;
      best = grid;
    }
  }
  return best;
}

}  // namespace basisbench
