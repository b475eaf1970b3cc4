// SPDX-License-Identifier: Apache-2.0
// operators_bench: each operator's plan on one rank beside the best that could be had for the same
// work: matmul beside the raw library call, wht and gate beside streaming their operands, monarch
// beside the dense product it replaces, fnet beside FFTs and the copy they need. Rounds alternate;
// prints lines of a Markdown table.
//   operators_bench [machine] [OPERATOR ...]
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/bench/paired.h"
#include "tests/bench/plain_fnet.h"
#include "workers/collectives/local.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cpu/openblas.h"
#include "workers/operators/operands.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

constexpr int kRounds = 41;
constexpr double kMostSeconds = 4;

void Expect(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}

// A filled plan and the operands that its peer may read.
struct Subject {
  std::unique_ptr<Plan> plan;
  Problem problem;
  std::vector<Shard> inputs;
  Shard output;

  void Run() { Expect(plan->Run()); }
  template <typename T>
  T* Input(size_t i) {
    return static_cast<T*>(inputs[i].data);
  }
};

class Bench {
 public:
  Bench(Device& device, Communicator& communicator, const OpenBlas& blas)
      : device_(device), communicator_(communicator), blas_(blas) {}

  void AllOfMatMul() {
    for (const ProblemShape& shape : {ProblemShape{1024, 1024, 1024},
                                      {2048, 2048, 2048},
                                      {16384, 512, 512},
                                      {128, 4096, 4096},
                                      {1021, 1009, 1013}}) {
      MatMul(shape, Dtype::kF32);
    }
    MatMul({1024, 1024, 1024}, Dtype::kF64);
  }
  void AllOfWht() {
    constexpr int64_t kElements = int64_t{16} << 20;
    for (const int64_t n : {64, 512, 1024, 4096, 16384, 65536})
      Wht({kElements / n, n, n}, Dtype::kF32);
    Wht({kElements / 2048, 1024, 1024}, Dtype::kF64);
  }
  void AllOfGate() {
    for (const int64_t tokens : {64, 4096, 32768}) Gate({tokens, 1024, 1024});
  }
  void AllOfMonarch() {
    for (const ProblemShape& shape :
         {ProblemShape{16384, 256, 256}, {4096, 1024, 1024}, {1024, 4096, 4096}}) {
      Monarch(shape);
    }
  }
  void AllOfFnet() {
    for (const ProblemShape& shape : {ProblemShape{512, 768, 768},
                                      {1024, 1024, 1024},
                                      {4096, 1024, 1024},
                                      {2048, 4096, 4096}}) {
      Fnet(shape);
    }
  }

 private:
  void MatMul(const ProblemShape& shape, Dtype dtype) {
    Subject subject = Make("matmul", shape, dtype);
    Comparison comparison = Named(subject, "raw cblas gemm");
    comparison.aim = 0.97;
    TimePaired([&] { subject.Run(); }, RawGemm(subject, shape), kRounds, kMostSeconds, comparison);
    PrintComparison(comparison);
  }

  void Wht(const ProblemShape& shape, Dtype dtype) {
    Subject subject = Make("wht", shape, dtype);
    Comparison comparison = Named(subject, "memcpy of X to Y");
    comparison.figure = Figure::kTime;
    comparison.aim = shape.d_in <= 4096 ? 1.5 : 3;
    const size_t bytes = shape.tokens * shape.d_in * DtypeSize(dtype);
    TimePaired([&] { subject.Run(); },
               [&] { std::memcpy(subject.output.data, subject.inputs[0].data, bytes); }, kRounds,
               kMostSeconds, comparison);
    PrintComparison(comparison);
  }

  void Gate(const ProblemShape& shape) {
    Subject subject = Make("gate", shape, Dtype::kF32);
    Comparison comparison = Named(subject, "plain loop y = x + 3 w");
    comparison.figure = Figure::kTime;
    comparison.aim = 1.3;
    const float *x = subject.Input<float>(0), *w = subject.Input<float>(1);
    float* y = static_cast<float*>(subject.output.data);
    TimePaired([&] { subject.Run(); }, [&] { Triad(x, w, y, shape.tokens * shape.d_in); }, kRounds,
               kMostSeconds, comparison);
    PrintComparison(comparison);
  }

  void Monarch(const ProblemShape& shape) {
    Subject subject = Make("monarch", shape, Dtype::kF32);
    Subject dense = Make("matmul", shape, Dtype::kF32);
    Comparison comparison = Named(subject, "the dense product, raw cblas gemm");
    const OperatorCost cost = (*FindOperator("monarch"))->Cost(subject.problem);
    comparison.scale = cost.flops_effective / cost.flops_executed;
    comparison.aim = 0.6;
    TimePaired([&] { subject.Run(); }, RawGemm(dense, shape), kRounds, kMostSeconds, comparison);
    PrintComparison(comparison);
  }

  void Fnet(const ProblemShape& shape) {
    Subject subject = Make("fnet", shape, Dtype::kF32);
    auto plain = PlainFnet::Make(device_, shape);
    Expect(plain.status());
    Comparison comparison = Named(subject, "2-D FFT (r2c rows, c2c columns) and its real part");
    comparison.aim = 1.5;
    TimePaired([&] { subject.Run(); }, [&] { Expect((*plain)->Run()); }, kRounds, kMostSeconds,
               comparison);
    PrintComparison(comparison);
  }

  [[gnu::optimize("O3")]] static void Triad(const float* x, const float* w, float* y,
                                            int64_t count) {
    for (int64_t i = 0; i < count; ++i) y[i] = x[i] + 3.0F * w[i];
  }

  Subject Make(const std::string& name, const ProblemShape& shape, Dtype dtype) {
    const auto op = FindOperator(name);
    Expect(op.status());
    Problem problem;
    problem.shape = shape;
    problem.dtype = dtype;
    const auto resolved = (*op)->Resolve(problem);
    Expect(resolved.status());
    Subject subject{.problem = *resolved};
    auto plan = (*op)->MakePlan(subject.problem, device_, communicator_);
    Expect(plan.status());
    subject.plan = *std::move(plan);
    subject.inputs = subject.plan->Inputs();
    subject.output = subject.plan->Outputs().front();
    const SeededOperands operands(**op, subject.problem, Distribution::kUniform, 1);
    for (const Shard& shard : subject.inputs) FillShard(shard, operands);
    return subject;
  }

  Comparison Named(const Subject& subject, const std::string& theirs) {
    const Problem& problem = subject.problem;
    std::string name =
        absl::StrCat(problem.operator_name, " ", std::string(DtypeName(problem.dtype)), " ",
                     problem.shape.tokens, "x", problem.shape.d_in, "x", problem.shape.d_out);
    for (const auto& [parameter, value] : problem.parameters)
      absl::StrAppend(&name, " ", parameter, "=", value);
    return {.ours = name, .theirs = theirs};
  }

  std::function<void()> RawGemm(Subject& subject, const ProblemShape& shape) {
    const int n = static_cast<int>(shape.tokens), k = static_cast<int>(shape.d_in);
    const int m = static_cast<int>(shape.d_out);
    if (subject.problem.dtype == Dtype::kF64) {
      return [&, n, k, m] {
        blas_.dgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, n, m, k, 1.0,
                    subject.Input<double>(0), k, subject.Input<double>(1), m, 0.0,
                    static_cast<double*>(subject.output.data), m);
      };
    }
    return [&, n, k, m] {
      blas_.sgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, n, m, k, 1.0F,
                  subject.Input<float>(0), k, subject.Input<float>(1), m, 0.0F,
                  static_cast<float*>(subject.output.data), m);
    };
  }

  Device& device_;
  Communicator& communicator_;
  const OpenBlas& blas_;
};

// What was named on the command line ("machine" is the head of the table); all when nothing was.
std::vector<std::string> wanted;
bool Wanted(const std::string& name) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

absl::Status RunAll(Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const OpenBlas* const blas, LoadOpenBlas());
  BB_ASSIGN_OR_RETURN(const auto device, MakeCpuDevice({}));
  if (Wanted("machine")) {
    PrintMachine(device->Libraries());
    PrintHead();
  }
  Bench bench(*device, communicator, *blas);
  if (Wanted("matmul")) bench.AllOfMatMul();
  if (Wanted("wht")) bench.AllOfWht();
  if (Wanted("gate")) bench.AllOfGate();
  if (Wanted("monarch")) bench.AllOfMonarch();
  if (Wanted("fnet")) bench.AllOfFnet();
  return absl::OkStatus();
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) {
  basisbench::wanted.assign(argv + 1, argv + argc);
  const absl::Status outcome = basisbench::RunLocalRanks(1, basisbench::RunAll);
  if (!outcome.ok()) std::cerr << outcome << "\n";
  return outcome.ok() ? 0 : 1;
}
