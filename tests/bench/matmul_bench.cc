// SPDX-License-Identifier: Apache-2.0
// Sharded matmul against what it could be at best and against ScaLAPACK, in interleaved rounds of
// one run; prints lines of a Markdown table:
//   OPENBLAS_NUM_THREADS=1 mpirun -np 2 --bind-to core matmul_bench [WIRE [ROUNDS [NxKxM ...]]]
// The ceiling is the largest share of the product, multiplied by raw cblas on every rank at once,
// with nothing moved. Times are the slowest rank's. WIRE ("shared memory", "two hosts") names what
// the ranks talk through; the aims depend on it.
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"
#include "tests/bench/paired.h"
#include "tests/bench/ranks.h"
#include "tests/bench/scalapack.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cpu/openblas.h"
#include "workers/operators/operands.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

struct Contender {
  std::string name;
  std::function<absl::Status()> run;
  bool ours = false, scalapack = false;  // neither: the ceiling
  std::vector<double> seconds = {};
};

// What sharded products should reach of the ceiling, and over ScaLAPACK.
constexpr double kOfCeilingInMemory = 0.96, kOfCeilingOverWire = 0.9, kOverScalapack = 1.2;

class Bench {
 public:
  Bench(Communicator& communicator, Device& device, const ProblemShape& shape)
      : communicator_(communicator), device_(device), shape_(shape) {}

  absl::Status AddCeiling() {
    BB_ASSIGN_OR_RETURN(const OpenBlas* const blas, LoadOpenBlas());
    const int n = static_cast<int>(shape_.tokens), k = static_cast<int>(shape_.d_in);
    const int m =
        static_cast<int>((shape_.d_out + communicator_.size() - 1) / communicator_.size());
    x_.assign(static_cast<size_t>(n) * k, 0.5F);
    w_.assign(static_cast<size_t>(k) * m, 0.5F);
    y_.assign(static_cast<size_t>(n) * m, 0.5F);
    contenders_.push_back({"ceiling", [this, blas, n, k, m] {
                             blas->sgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, n, m, k,
                                         1.0F, x_.data(), k, w_.data(), m, 0.0F, y_.data(), m);
                             return absl::OkStatus();
                           }});
    return absl::OkStatus();
  }

  absl::Status AddPlan(const std::string& sharding, const std::string& grid) {
    BB_ASSIGN_OR_RETURN(const Operator* const op, FindOperator("matmul"));
    Problem problem;
    problem.shape = shape_;
    problem.sharding = sharding;
    problem.ranks = communicator_.size();
    problem.grid = grid;
    BB_ASSIGN_OR_RETURN(problem, op->Resolve(problem));
    BB_ASSIGN_OR_RETURN(auto made, op->MakePlan(problem, device_, communicator_));
    const SeededOperands operands(*op, problem, Distribution::kUniform, 1);
    for (const Shard& shard : made->Inputs()) FillShard(shard, operands);
    Plan* const plan = plans_.emplace_back(std::move(made)).get();
    contenders_.push_back({.name = grid.empty() ? sharding : absl::StrCat(sharding, " ", grid),
                           .run = [plan] { return plan->Run(); },
                           .ours = true});
    return absl::OkStatus();
  }

  void AddScalapack(int block, int rows) {
    const ScalapackCase problem{static_cast<int>(shape_.tokens), static_cast<int>(shape_.d_in),
                                static_cast<int>(shape_.d_out),  rows,
                                communicator_.size() / rows,     block};
    auto made = MakeScalapackGemm(problem);
    if (!made.ok()) {
      static bool said = false;
      if (communicator_.rank() == 0 && !said)
        std::fprintf(stderr, "left out: %s\n", made.status().ToString().c_str());
      said = true;
      return;
    }
    ScalapackGemm* const gemm = scalapack_.emplace_back(*std::move(made)).get();
    contenders_.push_back({.name = absl::StrCat("psgemm ", rows, "x", communicator_.size() / rows,
                                                ", blocks of ", block),
                           .run =
                               [gemm] {
                                 gemm->Run();
                                 return absl::OkStatus();
                               },
                           .scalapack = true});
  }

  absl::Status Run(int rounds) {
    for (int round = -1; round < rounds; ++round) {  // the first warms up
      for (Contender& contender : contenders_) {
        BB_ASSIGN_OR_RETURN(const double seconds, SlowestRank(communicator_, contender.run));
        if (round >= 0) contender.seconds.push_back(seconds);
      }
    }
    return absl::OkStatus();
  }

  void Print(const std::string& wire) const {
    if (communicator_.rank() != 0) return;
    const std::string shape = absl::StrCat(shape_.tokens, "x", shape_.d_in, "x", shape_.d_out, ", ",
                                           communicator_.size(), " ranks, ", wire);
    // Of unlike shapes, one sharding fits each: the aim is for the best of them.
    const Contender& best = Fastest(&Contender::ours);
    for (const Contender& contender : contenders_) {
      if (!contender.ours) continue;
      Comparison comparison{.ours = absl::StrCat("matmul ", contender.name, " ", shape),
                            .theirs = "largest share alone, raw cblas gemm",
                            .ours_seconds = contender.seconds,
                            .theirs_seconds = contenders_[0].seconds};
      const double aim = wire == "shared memory" ? kOfCeilingInMemory : kOfCeilingOverWire;
      if (&contender == &best) comparison.aim = aim;
      PrintComparison(comparison);
    }
    if (scalapack_.empty()) return;
    const Contender& peer = Fastest(&Contender::scalapack);
    PrintComparison({.ours = absl::StrCat("matmul ", best.name, " ", shape),
                     .theirs = absl::StrCat("ScaLAPACK ", peer.name),
                     .ours_seconds = best.seconds,
                     .theirs_seconds = peer.seconds,
                     .aim = kOverScalapack});
  }

 private:
  // The contender of a kind with the least median.
  const Contender& Fastest(bool Contender::*kind) const {
    const Contender* fastest = nullptr;
    for (const Contender& contender : contenders_) {
      if (!(contender.*kind)) continue;
      if (fastest == nullptr || MedianOf(contender.seconds) < MedianOf(fastest->seconds))
        fastest = &contender;
    }
    return *fastest;
  }

  Communicator& communicator_;
  Device& device_;
  const ProblemShape shape_;
  std::vector<float> x_, w_, y_;
  std::vector<std::unique_ptr<Plan>> plans_;
  std::vector<std::unique_ptr<ScalapackGemm>> scalapack_;
  std::vector<Contender> contenders_;
};

absl::Status RunShape(Communicator& communicator, const ProblemShape& shape,
                      const std::string& wire, int rounds) {
  BB_ASSIGN_OR_RETURN(const auto device, MakeCpuDevice({}));
  Bench bench(communicator, *device, shape);
  BB_RETURN_IF_ERROR(bench.AddCeiling());
  for (const char* sharding : {"column", "row_scatter"})
    BB_RETURN_IF_ERROR(bench.AddPlan(sharding, ""));
  const int ranks = communicator.size();
  for (int rows = 1; rows <= ranks; ++rows) {
    if (ranks % rows != 0) continue;
    BB_RETURN_IF_ERROR(bench.AddPlan("summa", absl::StrCat(rows, "x", ranks / rows)));
    for (const int block : {64, 256}) bench.AddScalapack(block, rows);
  }
  BB_RETURN_IF_ERROR(bench.Run(rounds));
  bench.Print(wire);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ProblemShape>> ParseShapes(int argc, char** argv) {
  std::vector<ProblemShape> shapes;
  for (int i = 3; i < argc; ++i) {
    const std::vector<std::string> sizes = absl::StrSplit(argv[i], 'x');
    ProblemShape shape;
    if (sizes.size() != 3 || !absl::SimpleAtoi(sizes[0], &shape.tokens) ||
        !absl::SimpleAtoi(sizes[1], &shape.d_in) || !absl::SimpleAtoi(sizes[2], &shape.d_out)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a shape looks like 1024x768x3072, not '", argv[i], "'"));
    }
    shapes.push_back(shape);
  }
  if (shapes.empty()) {
    shapes = {{2048, 2048, 2048}, {4096, 4096, 4096}, {16384, 512, 512},
              {512, 16384, 512},  {512, 512, 16384},  {2011, 1999, 2003}};
  }
  return shapes;
}

absl::Status RunAll(Communicator& communicator, const std::string& wire, int argc, char** argv) {
  int rounds = 6;  // the least that has an interval
  if (argc > 2 && (!absl::SimpleAtoi(argv[2], &rounds) || rounds < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("rounds must be a number of at least 1, not '", argv[2], "'"));
  }
  BB_ASSIGN_OR_RETURN(const std::vector<ProblemShape> shapes, ParseShapes(argc, argv));
  for (const ProblemShape& shape : shapes)
    BB_RETURN_IF_ERROR(RunShape(communicator, shape, wire, rounds));
  return absl::OkStatus();
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) {
  return basisbench::MainOfRanks(argc, argv,
                                 [&](basisbench::Communicator& world, const std::string& wire) {
                                   return basisbench::RunAll(world, wire, argc, argv);
                                 });
}
