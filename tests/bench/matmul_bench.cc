// SPDX-License-Identifier: Apache-2.0
// Sharded matmul against what it could be at best and against ScaLAPACK, in interleaved rounds of
// one run:
//   OPENBLAS_NUM_THREADS=1 mpirun -np 2 --bind-to core matmul_bench [rounds [NxKxM ...]]
// The ceiling is the largest share of the product, multiplied by raw cblas on every rank at once,
// with nothing moved. Times are the slowest rank's; figures are medians over rounds, ratios medians
// of the rounds' ratios.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"
#include "tests/bench/scalapack.h"
#include "workers/collectives/mpi.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cpu/openblas.h"
#include "workers/operators/operands.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

struct Contender {
  std::string name;
  std::function<absl::Status()> run;
  std::vector<double> seconds;
};

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The rounds' ratios of how long `a` and `b` take.
double MedianRatio(const Contender& a, const Contender& b) {
  std::vector<double> ratios;
  for (size_t i = 0; i < a.seconds.size(); ++i) ratios.push_back(a.seconds[i] / b.seconds[i]);
  return Median(ratios);
}

double Best(const Contender& contender) {
  return *std::min_element(contender.seconds.begin(), contender.seconds.end());
}

// The slowest rank's time of one run.
absl::StatusOr<double> TimeOnce(Communicator& communicator, const Contender& contender) {
  BB_RETURN_IF_ERROR(communicator.Barrier());
  const auto start = std::chrono::steady_clock::now();
  BB_RETURN_IF_ERROR(contender.run());
  std::vector<double> seconds(communicator.size(), 0.0);
  seconds[communicator.rank()] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::vector<Piece> pieces;
  for (int rank = 0; rank < communicator.size(); ++rank) pieces.push_back({rank, 1});
  BB_RETURN_IF_ERROR(communicator.AllGather(Dtype::kF64, seconds.data(), pieces));
  return *std::max_element(seconds.begin(), seconds.end());
}

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
    Add("ceiling", [this, blas, n, k, m] {
      blas->sgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, n, m, k, 1.0F, x_.data(), k,
                  w_.data(), m, 0.0F, y_.data(), m);
      return absl::OkStatus();
    });
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
    Add(absl::StrCat(sharding, " ", grid), [plan] { return plan->Run(); });
    return absl::OkStatus();
  }

  void AddScalapack(int block, int rows) {
    const ScalapackCase problem{static_cast<int>(shape_.tokens), static_cast<int>(shape_.d_in),
                                static_cast<int>(shape_.d_out),  rows,
                                communicator_.size() / rows,     block};
    auto made = MakeScalapackGemm(problem);
    if (!made.ok()) {
      if (communicator_.rank() == 0) std::printf("%s\n", made.status().ToString().c_str());
      return;
    }
    ScalapackGemm* const gemm = scalapack_.emplace_back(*std::move(made)).get();
    Add(absl::StrCat("psgemm ", rows, "x", communicator_.size() / rows, " nb ", block), [gemm] {
      gemm->Run();
      return absl::OkStatus();
    });
  }

  absl::Status Run(int rounds) {
    for (int round = -1; round < rounds; ++round) {  // the first warms up
      for (Contender& contender : contenders_) {
        BB_ASSIGN_OR_RETURN(const double seconds, TimeOnce(communicator_, contender));
        if (round >= 0) contender.seconds.push_back(seconds);
      }
    }
    return absl::OkStatus();
  }

  void Print() const {
    if (communicator_.rank() != 0) return;
    const Contender* peer = nullptr;
    for (const Contender& contender : contenders_) {
      if (contender.name.rfind("psgemm", 0) != 0) continue;
      if (peer == nullptr || Median(contender.seconds) < Median(peer->seconds)) peer = &contender;
    }
    std::printf("%ldx%ldx%ld on %d ranks\n", static_cast<long>(shape_.tokens),
                static_cast<long>(shape_.d_in), static_cast<long>(shape_.d_out),
                communicator_.size());
    for (const Contender& contender : contenders_) {
      const double median = Median(contender.seconds);
      std::printf("  %-18s %9.3f ms %7.1f GFLOP/s  of ceiling %.3f best %.3f",
                  contender.name.c_str(), 1e3 * median,
                  2e-9 * shape_.tokens * shape_.d_in * shape_.d_out / median,
                  MedianRatio(contenders_[0], contender), Best(contenders_[0]) / Best(contender));
      if (peer != nullptr) {
        std::printf("  over psgemm %.2f best %.2f", MedianRatio(*peer, contender),
                    Best(*peer) / Best(contender));
      }
      std::printf("\n");
    }
  }

 private:
  void Add(std::string name, std::function<absl::Status()> run) {
    contenders_.push_back({std::move(name), std::move(run), {}});
  }

  Communicator& communicator_;
  Device& device_;
  const ProblemShape shape_;
  std::vector<float> x_, w_, y_;
  std::vector<std::unique_ptr<Plan>> plans_;
  std::vector<std::unique_ptr<ScalapackGemm>> scalapack_;
  std::vector<Contender> contenders_;
};

absl::Status RunShape(Communicator& communicator, const ProblemShape& shape, int rounds) {
  BB_ASSIGN_OR_RETURN(const auto device, MakeCpuDevice({}));
  Bench bench(communicator, *device, shape);
  BB_RETURN_IF_ERROR(bench.AddCeiling());
  for (const char* sharding : {"token", "column", "row", "row_scatter"}) {
    BB_RETURN_IF_ERROR(bench.AddPlan(sharding, ""));
  }
  const int ranks = communicator.size();
  for (int rows = 1; rows <= ranks; ++rows) {
    if (ranks % rows == 0)
      BB_RETURN_IF_ERROR(bench.AddPlan("summa", absl::StrCat(rows, "x", ranks / rows)));
  }
  for (const int block : {64, 256}) {
    for (int rows = 1; rows <= ranks; ++rows) {
      if (ranks % rows == 0) bench.AddScalapack(block, rows);
    }
  }
  BB_RETURN_IF_ERROR(bench.Run(rounds));
  bench.Print();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ProblemShape>> ParseShapes(int argc, char** argv) {
  std::vector<ProblemShape> shapes;
  for (int i = 2; i < argc; ++i) {
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
    shapes = {{1024, 1024, 1024}, {2048, 2048, 2048}, {4096, 4096, 4096}, {16384, 512, 512},
              {512, 16384, 512},  {512, 512, 16384},  {2011, 1999, 2003}, {128, 4096, 4096}};
  }
  return shapes;
}

absl::Status RunAll(int argc, char** argv) {
  BB_RETURN_IF_ERROR(
      LoadOpenBlas().status());  // before MPI starts threads: it sets the environment
  BB_ASSIGN_OR_RETURN(const auto session, MpiSession::Start(&argc, &argv));
  BB_ASSIGN_OR_RETURN(const auto communicator, MakeMpiCommunicator(absl::Seconds(120)));
  int rounds = 7;
  if (argc > 1 && (!absl::SimpleAtoi(argv[1], &rounds) || rounds < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("rounds must be a number of at least 1, not '", argv[1], "'"));
  }
  BB_ASSIGN_OR_RETURN(const std::vector<ProblemShape> shapes, ParseShapes(argc, argv));
  for (const ProblemShape& shape : shapes)
    BB_RETURN_IF_ERROR(RunShape(*communicator, shape, rounds));
  return absl::OkStatus();
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) {
  const absl::Status outcome = basisbench::RunAll(argc, argv);
  if (!outcome.ok()) std::fprintf(stderr, "%s\n", outcome.ToString().c_str());
  return outcome.ok() ? 0 : 1;
}
