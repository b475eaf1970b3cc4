// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/matmul/summa_panels.h"

#include <algorithm>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {

SummaPanels::SummaPanels(const Problem& problem, const SummaSchedule& schedule, Device& device,
                         Communicator& communicator)
    : dtype_(problem.dtype),
      schedule_(schedule),
      device_(device),
      communicator_(communicator),
      own_x_(schedule.panels()),
      own_w_(schedule.panels()) {}

absl::Status SummaPanels::Allocate() {
  const auto take = [&](int64_t elements, Buffer& buffer) -> absl::Status {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(dtype_)));
    return absl::OkStatus();
  };
  for (int64_t panel = 0; panel < schedule_.panels(); ++panel) {
    if (schedule_.OwnsX(panel)) BB_RETURN_IF_ERROR(take(schedule_.XElements(panel), own_x_[panel]));
    if (schedule_.OwnsW(panel)) BB_RETURN_IF_ERROR(take(schedule_.WElements(panel), own_w_[panel]));
  }
  for (int64_t step = 0; step < schedule_.panels(); ++step) {
    steps_.push_back({schedule_.SendsFor(step), schedule_.ReceivesFor(step), {}});
    for (const auto& message : steps_.back().receives) {
      Buffer& slot = Slot(message.of_x, step);
      if (slot.data() == nullptr) BB_RETURN_IF_ERROR(take(schedule_.Largest(message.of_x), slot));
    }
  }
  return absl::OkStatus();
}

absl::Status SummaPanels::StartFirst() {
  for (int64_t step = 0; step < std::min(kLookAhead, schedule_.panels()); ++step)
    BB_RETURN_IF_ERROR(Start(step));
  return absl::OkStatus();
}

absl::Status SummaPanels::Arrive(int64_t step) {
  if (step + kLookAhead < schedule_.panels()) BB_RETURN_IF_ERROR(Start(step + kLookAhead));
  return steps_[step].transfers.Wait();
}

absl::Status SummaPanels::Start(int64_t step) {
  BB_RETURN_IF_ERROR(Settle(device_, communicator_.size()));  // the slot's last product is complete
  for (const auto& message : steps_[step].receives) {
    BB_ASSIGN_OR_RETURN(
        auto pending,
        communicator_.StartSendRecv(dtype_, nullptr, 0, -1, Slot(message.of_x, step).data(),
                                    schedule_.Elements(message.of_x, message.panel), message.peer));
    steps_[step].transfers.Add(std::move(pending));
  }
  for (const auto& message : steps_[step].sends) {
    const Buffer& own = (message.of_x ? own_x_ : own_w_)[message.panel];
    BB_ASSIGN_OR_RETURN(auto pending,
                        communicator_.StartSendRecv(dtype_, own.data(),
                                                    schedule_.Elements(message.of_x, message.panel),
                                                    message.peer, nullptr, 0, -1));
    steps_[step].transfers.Add(std::move(pending));
  }
  return absl::OkStatus();
}

const void* SummaPanels::X(int64_t step) {
  const int64_t panel = schedule_.PanelAt(step);
  return (schedule_.OwnsX(panel) ? own_x_[panel] : Slot(true, step)).data();
}

const void* SummaPanels::W(int64_t step) {
  const int64_t panel = schedule_.PanelAt(step);
  return (schedule_.OwnsW(panel) ? own_w_[panel] : Slot(false, step)).data();
}

Transfers& SummaPanels::OfStep(int64_t step) {
  return step < schedule_.panels() ? steps_[step].transfers : none_;
}

std::vector<Shard> SummaPanels::Inputs() {
  std::vector<Shard> shards;
  const Piece rows = schedule_.rows(), cols = schedule_.cols();
  for (int64_t panel = 0; panel < schedule_.panels(); ++panel) {
    const Piece inner = schedule_.Panel(panel);
    if (schedule_.OwnsX(panel)) {
      shards.push_back(
          {"x", dtype_, own_x_[panel].data(), inner.count, IndicesOf(rows), IndicesOf(inner)});
    }
    if (schedule_.OwnsW(panel)) {
      shards.push_back(
          {"w", dtype_, own_w_[panel].data(), cols.count, IndicesOf(inner), IndicesOf(cols)});
    }
  }
  return shards;
}

RankCost SummaPanelsCost(const Problem& problem, const ProcessGrid& grid, int rank) {
  constexpr int64_t kSlots = SummaPanels::kSlots;
  const SummaSchedule schedule(problem, grid, rank);
  RankCost cost;
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
    cost.elements += x_slot[slot] * schedule.Largest(true) + w_slot[slot] * schedule.Largest(false);
  }
  return cost;
}

}  // namespace basisbench
