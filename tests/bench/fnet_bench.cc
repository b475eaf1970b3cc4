// SPDX-License-Identifier: Apache-2.0
// Sharded fnet against FFTW's MPI library, in interleaved rounds of one run; prints lines of a
// Markdown table:
//   OPENBLAS_NUM_THREADS=1 mpirun -np 2 --bind-to core fnet_bench [WIRE]
// What the peers compute is in fftw_mpi.h; their results are compared with ours before anything is
// timed. Times are the slowest rank's, without planning. WIRE ("shared memory") names what the
// ranks talk through.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/bench/fftw_mpi.h"
#include "tests/bench/paired.h"
#include "tests/bench/ranks.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/operators/operands.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

constexpr int kRounds = 41, kWarmUps = 3;

// Refuses a peer whose result is another one. Y of all ranks is put together.
absl::Status Compare(Communicator& communicator, const ProblemShape& shape, const Shard& ours,
                     const FftwMpiPart& theirs) {
  constexpr double kTolerance = 1e-5;  // of the largest element
  std::vector<float> y(shape.tokens * shape.d_out), difference(y.size());
  for (size_t i = 0; i < ours.rows.size(); ++i)
    for (size_t j = 0; j < ours.cols.size(); ++j)
      y[ours.rows[i] * shape.d_out + ours.cols[j]] = static_cast<float>(ElementOf(ours, i, j));
  difference = y;
  for (size_t i = 0; i < theirs.rows.size(); ++i)
    for (size_t j = 0; j < theirs.cols.size(); ++j)
      difference[theirs.rows[i] * shape.d_out + theirs.cols[j]] -=
          theirs.data[i * theirs.row_stride + j * theirs.col_stride];
  double largest = 0, furthest = 0;
  for (const auto& [all, most] : {std::pair(&y, &largest), std::pair(&difference, &furthest)}) {
    BB_RETURN_IF_ERROR(communicator.AllReduce(Dtype::kF32, all->data(), all->size()));
    for (const float value : *all) *most = std::max(*most, std::fabs(double{value}));
  }
  if (largest > 0 && furthest <= kTolerance * largest) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("fnet ", shape.tokens, "x", shape.d_in,
                                          ": FFTW's result differs by ", furthest,
                                          " where the largest element is ", largest));
}

// One line, for one sharding of one shape.
absl::Status RunCase(Communicator& communicator, const FftwMpiCase& size, const std::string& wire) {
  BB_ASSIGN_OR_RETURN(const auto device, MakeCpuDevice({}));
  BB_ASSIGN_OR_RETURN(const Operator* const op, FindOperator("fnet"));
  Problem problem;
  problem.shape = {size.tokens, size.width, size.width};
  problem.sharding = size.transposed ? "transposed" : "token";
  problem.ranks = communicator.size();
  BB_ASSIGN_OR_RETURN(problem, op->Resolve(problem));
  BB_ASSIGN_OR_RETURN(const auto plan, op->MakePlan(problem, *device, communicator));
  BB_ASSIGN_OR_RETURN(const auto peer, MakeFftwMpiFnet(size));
  const SeededOperands operands(*op, problem, Distribution::kUniform, 1);
  for (const Shard& shard : plan->Inputs()) FillShard(shard, operands);
  FillShard(peer->Input(), operands);

  const auto run_ours = [&] { return plan->Run(); };
  const auto run_theirs = [&] {
    peer->Run();
    return absl::OkStatus();
  };
  Comparison comparison;
  for (int round = -kWarmUps; round < kRounds; ++round) {
    BB_ASSIGN_OR_RETURN(const double ours, SlowestRank(communicator, run_ours));
    BB_ASSIGN_OR_RETURN(const double theirs, SlowestRank(communicator, run_theirs));
    if (round == -1)  // after several runs: they have to leave their inputs as they were
      BB_RETURN_IF_ERROR(Compare(communicator, problem.shape, plan->Outputs()[0], peer->Output()));
    if (round < 0) continue;
    comparison.ours_seconds.push_back(ours);
    comparison.theirs_seconds.push_back(theirs);
  }
  comparison.ours = absl::StrCat("fnet ", problem.sharding, " ", size.tokens, "x", size.width, ", ",
                                 problem.ranks, " ranks, ", wire);
  comparison.theirs = size.transposed
                          ? "FFTW MPI r2c, transposed out, real parts and their images"
                          : "FFTW MPI r2c, default order, real parts, those of mirror rows sent";
  if (communicator.rank() == 0) PrintComparison(comparison);
  return absl::OkStatus();
}

absl::Status RunAll(Communicator& communicator, const std::string& wire) {
  if (const absl::Status loaded = LoadFftwMpi(); !loaded.ok()) {
    if (communicator.rank() == 0) std::fprintf(stderr, "left out: %s\n", loaded.ToString().c_str());
    return absl::OkStatus();
  }
  constexpr std::pair<int64_t, int64_t> kShapes[] = {{512, 768}, {1024, 1024}, {4096, 1024}};
  for (const auto& [tokens, width] : kShapes) {
    for (const bool transposed : {false, true})
      BB_RETURN_IF_ERROR(RunCase(communicator, {tokens, width, transposed}, wire));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::MainOfRanks(argc, argv, basisbench::RunAll); }
