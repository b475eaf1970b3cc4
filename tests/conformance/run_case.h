// SPDX-License-Identifier: Apache-2.0
// A plan with its operands on one rank, as the tests drive it. Belongs to the rank's thread.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"
#include "workers/operators/operands.h"
#include "workers/operators/operator.h"

namespace basisbench {

class CaseRun {
 public:
  static absl::StatusOr<std::unique_ptr<CaseRun>> Make(const Operator& op, const Problem& problem,
                                                       Communicator& communicator);

  // Fills every input.
  void Fill(const Operands& operands);
  // Poisons the output, runs, and holds counted traffic against declared.
  absl::Status Run();

  const Operator& op() const { return op_; }
  const Problem& problem() const { return problem_; }
  // Of host memory: for what the tests tell each other.
  Communicator& communicator() { return communicator_; }
  Plan& plan() { return *plan_; }

 private:
  CaseRun(const Operator& op, const Problem& problem, Communicator& communicator)
      : op_(op), problem_(problem), communicator_(communicator) {}

  // The plan's, where the device has memory of its own.
  Communicator& moving() { return own_ == nullptr ? communicator_ : *own_; }

  const Operator& op_;
  const Problem problem_;
  Communicator& communicator_;
  std::unique_ptr<Device> device_;
  std::shared_ptr<Communicator> own_;
  std::unique_ptr<Plan> plan_;
};

// What every rank holds of one output, on all ranks: the dense global matrix per rank, NaN where it
// holds nothing. Collective.
absl::StatusOr<std::vector<std::vector<double>>> GatherOutputs(CaseRun& run, size_t index = 0);

// One global matrix out of what the ranks hold; an error where two of them differ or nobody holds
// anything.
absl::StatusOr<std::vector<double>> Merge(const std::vector<std::vector<double>>& held);

// Writes a dense matrix of `width` columns into this rank's shard of an output.
void StoreOutput(const Shard& output, int64_t width, const std::vector<double>& dense);

// The seeded operands with X replaced by the identity: what a channel operator makes of it is its
// matrix.
class IdentityX : public Operands {
 public:
  explicit IdentityX(const Operands& others) : others_(others) {}
  double At(absl::string_view tensor, int64_t row, int64_t col) const override {
    return tensor == "x" ? (row == col ? 1.0 : 0.0) : others_.At(tensor, row, col);
  }

 private:
  const Operands& others_;
};

}  // namespace basisbench
