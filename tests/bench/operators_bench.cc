// SPDX-License-Identifier: Apache-2.0
// operators_bench: each operator's plan on one rank beside what a user would run instead
// (operators/lines.cc says what) and beside the least time its FLOPs or bytes could take. Rounds
// alternate; prints lines of a Markdown table.
//   operators_bench [--quick] [machine] [OPERATOR ...]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/bench/bench_options.h"
#include "tests/bench/operators/floors.h"
#include "tests/bench/operators/lines.h"
#include "tests/bench/paired.h"
#include "workers/collectives/local.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/operators/operands.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

struct Effort {
  int rounds;
  double most_seconds;  // of a line, but for 6 rounds
};
constexpr Effort kFull{41, 2.0}, kQuick{9, 0.3};

// A peer that computes something else would be no peer.
void ExpectSame(Subject& subject, const Peer& peer) {
  constexpr double kTolerance = 1e-3;  // of the largest element
  subject.Run();
  peer.run();
  const Shard& ours = subject.output;
  const auto cols = static_cast<int64_t>(ours.cols.size());
  double largest = 0, difference = 0;
  for (size_t i = 0; i < ours.rows.size(); ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      const double y = ElementOf(ours, static_cast<int64_t>(i), j);
      const double theirs = LoadElement(ours.dtype, peer.y, static_cast<int64_t>(i) * cols + j);
      largest = std::max(largest, std::fabs(y));
      difference = std::max(difference, std::fabs(y - theirs));
    }
  }
  if (difference <= kTolerance * largest) return;
  Expect(absl::InternalError(absl::StrCat(NameOf(subject.problem), ": ", peer.name, " differs by ",
                                          difference, " where the largest element is ", largest)));
}

double FlopRatio(const Subject& subject) {
  const OperatorCost cost = subject.op->Cost(subject.problem);
  return cost.flops_effective / cost.flops_executed;
}

class Bench {
 public:
  Bench(Device& device, Communicator& communicator, const OpenBlas& blas, const Effort& effort)
      : device_(device), communicator_(communicator), blas_(blas), effort_(effort) {}

  void Run(const Line& line) {
    Problem problem;
    problem.operator_name = line.operator_name;
    problem.parameters = line.parameters;
    problem.shape = line.shape;
    problem.dtype = line.dtype;
    Subject subject = MakeSubject(problem, device_, communicator_);
    const PeerContext context{subject, device_, blas_};
    const Peer peer = line.peer(context);
    if (peer.y != nullptr) ExpectSame(subject, peer);
    const Floors floors(context);
    const auto seconds =
        TimeAlternately({[&] { subject.Run(); }, peer.run, floors.gemm(), floors.copy()},
                        effort_.rounds, effort_.most_seconds);
    Bound bound = floors.Larger(seconds[2], seconds[3]);
    PrintComparison({.ours = NameOf(subject.problem),
                     .theirs = peer.name,
                     .ours_seconds = seconds[0],
                     .theirs_seconds = seconds[1],
                     .figure = line.against == Against::kTime ? Figure::kTime : Figure::kSpeed,
                     .scale = line.against == Against::kFlopRatio ? FlopRatio(subject) : 1,
                     .aim = line.aim,
                     .floor_seconds = std::move(bound.seconds),
                     .floor = std::move(bound.name)});
  }

 private:
  Device& device_;
  Communicator& communicator_;
  const OpenBlas& blas_;
  const Effort effort_;
};

absl::Status RunAll(const BenchOptions& options, Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const OpenBlas* const blas, LoadOpenBlas());
  BB_ASSIGN_OR_RETURN(const auto device, MakeCpuDevice({}));
  if (options.Wants("machine")) {
    PrintMachine(device->Libraries());
    PrintHead(/*floors=*/true);
  }
  Bench bench(*device, communicator, *blas, options.quick ? kQuick : kFull);
  std::set<std::string> seen;
  for (const Line& line : AllLines()) {
    const bool first = seen.insert(line.operator_name).second;
    if (options.Wants(line.operator_name) && (first || !options.quick)) bench.Run(line);
  }
  for (const Operator* op : AllOperators()) {
    const std::string& name = op->description().name;
    if (seen.count(name) == 0) std::fprintf(stderr, "no line for operator %s\n", name.c_str());
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) {
  const auto options = basisbench::ParseBenchOptions(argc, argv);
  const absl::Status outcome =
      basisbench::RunLocalRanks(1, [&](basisbench::Communicator& communicator) {
        return basisbench::RunAll(options, communicator);
      });
  if (!outcome.ok()) std::cerr << outcome << "\n";
  return outcome.ok() ? 0 : 1;
}
