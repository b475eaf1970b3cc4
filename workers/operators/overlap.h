// SPDX-License-Identifier: Apache-2.0
// Computing while messages are under way. MPI moves data only inside its calls, so a matrix product
// is cut along k and the messages are tested between the slices; cutting along m would make the
// library pack B again for each slice.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"

namespace basisbench {

// What an iteration is to do: everything, or one of its halves for the overlap figure.
struct Parts {
  bool compute = true;
  bool communicate = true;
};

// Started transfers, in the order they were started. Finished ones are dropped. One thread.
class Transfers {
 public:
  void Add(std::unique_ptr<Pending> pending) { pending_.push_back(std::move(pending)); }
  bool empty() const { return pending_.empty(); }
  // Drives progress once.
  absl::Status Poll();
  // Waits for all.
  absl::Status Wait();

 private:
  std::vector<std::unique_ptr<Pending>> pending_;
};

// args.c = alpha a b + beta c, in slices along k while any of `transfers` is unfinished and in one
// call for the rest. Does nothing when m, n or k is 0. Only for batch 1.
absl::Status GemmWhile(Device& device, GemmArgs args, absl::Span<Transfers* const> transfers);

}  // namespace basisbench
