// SPDX-License-Identifier: Apache-2.0
// The panels of X and W on one rank of a SUMMA grid: its own, and those of others, which arrive in
// buffers used in turn a few steps before they are multiplied. Borrows device and communicator; one
// thread.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "absl/status/status.h"
#include "workers/operators/matmul/summa_schedule.h"
#include "workers/operators/operator.h"
#include "workers/operators/overlap.h"
#include "workers/operators/sharding.h"

namespace basisbench {

class SummaPanels {
 public:
  // Transfers for step t start when step t - kLookAhead does, into one of kSlots buffers used in
  // turn.
  static constexpr int64_t kLookAhead = 2;
  static constexpr int64_t kSlots = kLookAhead + 1;

  SummaPanels(const Problem& problem, const SummaSchedule& schedule, Device& device,
              Communicator& communicator);

  // RESOURCE_EXHAUSTED when there is no room.
  absl::Status Allocate();

  // Start the first transfers of an iteration; then each step begins with Arrive.
  absl::Status StartFirst();
  // Starts what is wanted kLookAhead steps later and waits for this step's panels.
  absl::Status Arrive(int64_t step);

  // The step's panels once they are there: rows x inner and inner x cols, without gaps.
  const void* X(int64_t step);
  const void* W(int64_t step);

  // Transfers of a step, to be driven while another is multiplied; none beyond the last.
  Transfers& OfStep(int64_t step);

  // Own panels as shards of "x" and "w".
  std::vector<Shard> Inputs();

 private:
  struct Step {
    std::vector<SummaSchedule::Message> sends, receives;
    Transfers transfers;
  };

  Buffer& Slot(bool of_x, int64_t step) { return (of_x ? x_slots_ : w_slots_)[step % kSlots]; }
  absl::Status Start(int64_t step);

  const Dtype dtype_;
  const SummaSchedule schedule_;
  Device& device_;
  Communicator& communicator_;
  std::vector<Buffer> own_x_, own_w_;  // by panel; empty where another rank owns it
  std::array<Buffer, kSlots> x_slots_, w_slots_;
  std::deque<Step> steps_;
  Transfers none_;
};

// Memory (own panels and buffers) and traffic. Closed forms rather than a walk over the schedule:
// cheap for any number of ranks, and a check of the walk.
RankCost SummaPanelsCost(const Problem& problem, const ProcessGrid& grid, int rank);

}  // namespace basisbench
