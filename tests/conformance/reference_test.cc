// SPDX-License-Identifier: Apache-2.0
// Every case against the independent float64 reference, with declared traffic, replicas, algebra
// and exactness.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/run_case.h"
#include "workers/operators/partition.h"
#include "workers/operators/stored.h"
#include "workers/operators/validation.h"

namespace basisbench {
namespace {

absl::Status Wrong(const std::string& what) { return absl::InternalError(what); }

// The whole output, element by element, in units of the error model.
absl::Status CompareWithReference(const CaseRun& run, const Operands& operands,
                                  const std::vector<double>& y) {
  const Problem& problem = run.problem();
  const std::vector<double> reference =
      run.op().ReferenceRows(problem, operands, IndicesOf({0, problem.shape.tokens}));
  double square = 0;
  for (const double value : reference) square += value * value;
  const double allowed = 16 * UnitRoundoff(problem.dtype) *
                         std::sqrt(Roundings(run.op(), problem)) *
                         std::sqrt(square / static_cast<double>(reference.size()));
  for (size_t at = 0; at < y.size(); ++at) {
    if (!(std::fabs(y[at] - reference[at]) <= allowed)) {
      return Wrong(absl::StrCat("element ", at, " is ", y[at], ", the reference ", reference[at],
                                ", allowed error ", allowed));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNormal(CaseRun& run) {
  const SeededOperands operands(run.op(), run.problem(), Distribution::kNormal, 7);
  run.Fill(operands);
  for (int repeat = 0; repeat < 2; ++repeat) {  // a run leaves its inputs as they were
    BB_RETURN_IF_ERROR(run.Run());
    BB_RETURN_IF_ERROR(CheckCoverage(OutputShape(run.op(), run.problem(), "y"),
                                     run.plan().Outputs().front(), run.communicator()));
    BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(run));
    if (run.communicator().rank() != 0) continue;  // one rank has seen what all hold
    BB_ASSIGN_OR_RETURN(const auto y, Merge(held));
    BB_RETURN_IF_ERROR(CompareWithReference(run, operands, y));
  }
  HostReader reader;
  BB_ASSIGN_OR_RETURN(const ValidationReport report,
                      CheckProjection(run.op(), run.problem(), operands,
                                      run.plan().Outputs().front(), reader, run.communicator()));
  return report.passed ? absl::OkStatus() : Wrong(absl::StrCat("projection: ", report.failure));
}

absl::Status CheckInteger(CaseRun& run) {
  if (!CanCheckExactly(run.op(), run.problem()).ok()) return absl::OkStatus();
  const SeededOperands operands(run.op(), run.problem(), Distribution::kInteger, 11);
  run.Fill(operands);
  BB_RETURN_IF_ERROR(run.Run());
  HostReader reader;
  BB_ASSIGN_OR_RETURN(const ValidationReport report,
                      CheckExact(run.op(), run.problem(), operands, run.plan().Outputs().front(),
                                 reader, run.communicator()));
  return report.passed ? absl::OkStatus() : Wrong(absl::StrCat("exact: ", report.failure));
}

// The halves of an iteration either run or say why they cannot.
absl::Status CheckHalves(CaseRun& run) {
  for (const absl::Status& half : {run.plan().RunCompute(), run.plan().RunCommunication()}) {
    if (!half.ok() && (!absl::IsUnimplemented(half) || half.message().empty())) return half;
  }
  return absl::OkStatus();
}

// Every token is the first one.
class EqualTokens : public Operands {
 public:
  explicit EqualTokens(const Operands& others) : others_(others) {}
  double At(absl::string_view tensor, int64_t row, int64_t col) const override {
    return others_.At(tensor, tensor == "x" ? 0 : row, col);
  }

 private:
  const Operands& others_;
};

// Whether all tokens are multiplied by one matrix: not so where tiles of several tokens are
// multiplied by fewer products than are exact.
bool IsOneMatrix(const CaseRun& run, const Operands& operands) {
  Problem several = run.problem();
  several.shape.tokens = std::max<int64_t>(several.shape.tokens, 8);
  const auto first = run.op().ReferenceRows(several, operands, {0});
  const auto equal =
      run.op().ReferenceRows(several, EqualTokens(operands), IndicesOf({0, several.shape.tokens}));
  double size = 0;
  for (const double value : first) size += value * value;
  const double allowed = 64 * UnitRoundoff(Dtype::kF64) * std::sqrt(size);
  for (size_t at = 0; at < equal.size(); ++at) {
    if (std::fabs(equal[at] - first[at % first.size()]) > allowed) return false;
  }
  return true;
}

// <f(X), Z> = <X, Z T^t>, T being the operator's matrix by its reference.
absl::Status CheckAdjoint(CaseRun& run) {
  const Problem& problem = run.problem();
  const auto [tokens, d_in, d_out] = problem.shape;
  const auto axis = problem.parameters.find("axis");
  const bool along_tokens = axis != problem.parameters.end() && axis->second == "token";
  if (run.op().description().axis != "channel" || along_tokens ||
      run.op().description().family == "elementwise") {
    return absl::OkStatus();
  }
  const SeededOperands operands(run.op(), problem, Distribution::kNormal, 13);
  run.Fill(operands);
  BB_RETURN_IF_ERROR(run.Run());
  BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(run));
  if (run.communicator().rank() != 0) return absl::OkStatus();  // one rank has seen what all hold
  if (!IsOneMatrix(run, operands)) return absl::OkStatus();
  BB_ASSIGN_OR_RETURN(const auto y, Merge(held));
  Problem square = problem;
  square.shape.tokens = d_in;
  const auto matrix = run.op().ReferenceRows(square, IdentityX(operands), IndicesOf({0, d_in}));
  const TensorValues z(17, "z", Distribution::kNormal);
  long double forward = 0, adjoint = 0;  // N K M terms: float64 sums would be the larger error
  double size = 0;
  for (int64_t i = 0; i < tokens; ++i) {
    for (int64_t j = 0; j < d_out; ++j) {
      const double weight = z.At(i, j);
      forward += y[i * d_out + j] * weight;
      for (int64_t k = 0; k < d_in; ++k) {
        const double term = operands.At("x", i, k) * weight * matrix[k * d_out + j];
        adjoint += term;
        size += term * term;
      }
    }
  }
  const double allowed =
      16 * UnitRoundoff(problem.dtype) * std::sqrt(Roundings(run.op(), problem) * size) + 1e-12;
  const double difference = static_cast<double>(forward - adjoint);
  if (std::fabs(difference) <= allowed) return absl::OkStatus();
  return Wrong(absl::StrCat("<f(X),Z> is ", static_cast<double>(forward), ", which differs from ",
                            "<X,f'(Z)> by ", difference, ", allowed is ", allowed));
}

// The reference agrees with itself: projecting its rows gives its projection.
absl::Status CheckReferenceProjection(const Operator& op, const Problem& problem) {
  const SeededOperands operands(op, problem, Distribution::kNormal, 19);
  const TensorValues weights(23, "v", Distribution::kNormal);
  std::vector<double> v(problem.shape.d_out);
  weights.Row(0, 0, absl::MakeSpan(v));
  const auto rows = IndicesOf({0, problem.shape.tokens});
  const auto y = op.ReferenceRows(problem, operands, rows);
  const auto projection = op.ReferenceProjection(problem, operands, v, rows);
  for (size_t i = 0; i < rows.size(); ++i) {
    double z = 0, size = 0;
    for (size_t j = 0; j < v.size(); ++j) {
      z += y[i * v.size() + j] * v[j];
      size += std::fabs(y[i * v.size() + j] * v[j]);
    }
    if (!(std::fabs(z - projection.value[i]) <= 1e-11 * (size + projection.magnitude[i]))) {
      return Wrong(absl::StrCat("row ", i, " of the reference projects to ", z,
                                ", its projection is ", projection.value[i]));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAll(const Operator& op, const Problem& problem, Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(op, problem, communicator));
  BB_RETURN_IF_ERROR(CheckNormal(*run));
  BB_RETURN_IF_ERROR(CheckInteger(*run));
  BB_RETURN_IF_ERROR(CheckHalves(*run));
  return CheckAdjoint(*run);
}

class ConformanceTest : public testing::TestWithParam<ConformanceCase> {};

TEST_P(ConformanceTest, AgreesWithTheReferenceAndItsDeclaration) {
  const std::vector<Problem> problems = GetParam().Problems();
  EXPECT_FALSE(problems.empty()) << "no shape of the matrix fits";
  for (const Problem& problem : problems) {
    const absl::Status outcome = RunRanks(problem.ranks, [&](Communicator& communicator) {
      return CheckAll(*GetParam().op, problem, communicator);
    });
    EXPECT_TRUE(outcome.ok()) << Describe(problem) << ": " << outcome;
    if (problem.ranks != RankCounts().front()) continue;  // the reference knows no ranks
    const absl::Status reference = CheckReferenceProjection(*GetParam().op, problem);
    EXPECT_TRUE(reference.ok()) << Describe(problem) << ": " << reference;
  }
}

INSTANTIATE_TEST_SUITE_P(Matrix, ConformanceTest, testing::ValuesIn(AllCases()),
                         [](const auto& info) { return CaseName(info.param); });

}  // namespace
}  // namespace basisbench
