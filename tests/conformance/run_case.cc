// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/run_case.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/conformance/devices/conforming_device.h"
#include "workers/operators/stored.h"
#include "workers/operators/validation.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<CaseRun>> CaseRun::Make(const Operator& op, const Problem& problem,
                                                       Communicator& communicator) {
  auto run = std::unique_ptr<CaseRun>(new CaseRun(op, problem, communicator));
  BB_ASSIGN_OR_RETURN(run->device_, MakeConformingDevice());
  BB_ASSIGN_OR_RETURN(run->own_, MakeConformingCommunicator(*run->device_, communicator));
  BB_ASSIGN_OR_RETURN(auto plan, PreparePlan(op, run->problem_, *run->device_, run->moving()));
  run->plan_ = InHostMemory(std::move(plan), *run->device_);
  return run;
}

void CaseRun::Fill(const Operands& operands) {
  for (const Shard& shard : plan_->Inputs()) FillShard(shard, operands);
}

absl::Status CaseRun::Run() {
  for (const Shard& output : plan_->Outputs()) PoisonOutput(output);
  const TrafficTable before = moving().traffic();
  BB_RETURN_IF_ERROR(plan_->Run());
  BB_RETURN_IF_ERROR(device_->Synchronize());
  return CheckTraffic(DeclaredCost(op_, problem_).traffic[communicator_.rank()], before,
                      moving().traffic(), 1);
}

absl::StatusOr<std::vector<std::vector<double>>> GatherOutputs(CaseRun& run, size_t index) {
  const Shard output = run.plan().Outputs()[index];
  const TensorShape whole = OutputShape(run.op(), run.problem(), output.tensor);
  const int64_t size = whole.rows * whole.cols;
  const int ranks = run.communicator().size();
  std::vector<double> all(size * ranks, std::nan(""));
  std::vector<Piece> pieces;
  for (int rank = 0; rank < ranks; ++rank) pieces.push_back({rank * size, size});
  double* own = all.data() + run.communicator().rank() * size;
  for (size_t i = 0; i < output.rows.size(); ++i) {
    for (size_t j = 0; j < output.cols.size(); ++j) {
      own[output.rows[i] * whole.cols + output.cols[j]] =
          ElementOf(output, static_cast<int64_t>(i), static_cast<int64_t>(j));
    }
  }
  BB_RETURN_IF_ERROR(run.communicator().AllGather(Dtype::kF64, all.data(), pieces));
  std::vector<std::vector<double>> dense;
  for (const Piece& piece : pieces) {
    dense.emplace_back(all.begin() + piece.offset, all.begin() + piece.offset + piece.count);
  }
  return dense;
}

absl::StatusOr<std::vector<double>> Merge(const std::vector<std::vector<double>>& held) {
  std::vector<double> merged(held[0].size(), std::nan(""));
  for (size_t at = 0; at < merged.size(); ++at) {
    for (size_t rank = 0; rank < held.size(); ++rank) {
      const double value = held[rank][at];
      if (std::isnan(value)) continue;
      if (!std::isnan(merged[at]) && merged[at] != value) {
        return absl::InternalError(absl::StrCat("replicas differ at element ", at, ": ", merged[at],
                                                " and ", value, " on rank ", rank));
      }
      merged[at] = value;
    }
    if (std::isnan(merged[at]))
      return absl::InternalError(
          absl::StrCat("element ", at, " is not a number or held by no rank"));
  }
  return merged;
}

void StoreOutput(const Shard& output, int64_t width, const std::vector<double>& dense) {
  for (size_t i = 0; i < output.rows.size(); ++i) {
    for (size_t j = 0; j < output.cols.size(); ++j) {
      const int64_t at = static_cast<int64_t>(i) * output.leading + static_cast<int64_t>(j);
      const double value = dense[output.rows[i] * width + output.cols[j]];
      StoreElement(output.dtype, output.data, at, value);
    }
  }
}

}  // namespace basisbench
