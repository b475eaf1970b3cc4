// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/run_case.h"

#include <cmath>

#include "services/base/status_macros.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/operators/validation.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<CaseRun>> CaseRun::Make(const Operator& op, const Problem& problem,
                                                       Communicator& communicator) {
  auto run = std::unique_ptr<CaseRun>(new CaseRun(op, problem, communicator));
  BB_ASSIGN_OR_RETURN(run->device_, MakeCpuDevice({}));
  BB_ASSIGN_OR_RETURN(run->plan_, op.MakePlan(run->problem_, *run->device_, communicator));
  return run;
}

void CaseRun::Fill(const Operands& operands) {
  for (const Shard& shard : plan_->Inputs()) FillShard(shard, operands);
}

absl::Status CaseRun::Run() {
  PoisonOutput(plan_->Output());
  const TrafficTable before = communicator_.traffic();
  BB_RETURN_IF_ERROR(plan_->Run());
  return CheckTraffic(op_.Cost(problem_).traffic[communicator_.rank()], before,
                      communicator_.traffic(), 1);
}

absl::StatusOr<std::vector<std::vector<double>>> GatherOutputs(CaseRun& run) {
  const auto& shape = run.problem().shape;
  const int64_t size = shape.tokens * shape.d_out;
  const int ranks = run.communicator().size();
  std::vector<double> all(size * ranks, std::nan(""));
  std::vector<Piece> pieces;
  for (int rank = 0; rank < ranks; ++rank) pieces.push_back({rank * size, size});
  const Shard output = run.plan().Output();
  double* own = all.data() + run.communicator().rank() * size;
  for (size_t i = 0; i < output.rows.size(); ++i) {
    for (size_t j = 0; j < output.cols.size(); ++j) {
      own[output.rows[i] * shape.d_out + output.cols[j]] =
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

void StoreOutput(const Shard& output, int64_t d_out, const std::vector<double>& dense) {
  for (size_t i = 0; i < output.rows.size(); ++i) {
    for (size_t j = 0; j < output.cols.size(); ++j) {
      const int64_t at = static_cast<int64_t>(i) * output.leading + static_cast<int64_t>(j);
      const double value = dense[output.rows[i] * d_out + output.cols[j]];
      if (output.dtype == Dtype::kF32) {
        static_cast<float*>(output.data)[at] = static_cast<float>(value);
      } else {
        static_cast<double*>(output.data)[at] = value;
      }
    }
  }
}

}  // namespace basisbench
