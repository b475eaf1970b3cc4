// SPDX-License-Identifier: Apache-2.0
// The backward direction: every gradient against the derivative of the forward reference, element
// by element and along random changes; declared traffic, replicas; and wrong gradients rejected.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/run_case.h"
#include "workers/operators/stored.h"
#include "workers/operators/validation.h"

namespace basisbench {
namespace {

// Elements of each gradient that are compared one by one.
constexpr int64_t kElements = 6;

constexpr int64_t kLongestInput = 300;

absl::Status Wrong(const std::string& what) { return absl::InternalError(what); }

absl::StatusOr<ValidationReport> Check(CaseRun& run, const Operands& operands) {
  HostReader reader;
  return CheckGradients(run.op(), run.problem(), operands, run.plan().Outputs(), reader,
                        run.communicator());
}

// Elements spread over the whole gradient, in units of the error model.
absl::Status CompareElements(CaseRun& run, const Operands& operands, const std::string& tensor,
                             const std::vector<double>& gradient, int64_t cols) {
  double square = 0;
  for (const double value : gradient) square += value * value;
  const double rms = std::sqrt(square / static_cast<double>(gradient.size()));
  const std::string input(absl::StripPrefix(tensor, "d"));
  const double unit =
      16 * UnitRoundoff(run.problem().dtype) * std::sqrt(Roundings(run.op(), run.problem()));
  const double allowed = std::max(rms, run.op().GradientTerms(run.problem(), input)) *
                         (unit + (run.op().IsLinearIn(input) ? 0 : 1e-8));
  const auto size = static_cast<int64_t>(gradient.size());
  const int64_t count = std::min(size, kElements);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t at = count == 1 ? 0 : i * (size - 1) / (count - 1);
    const double expected = run.op().ReferenceDerivative(run.problem(), operands,
                                                         {input, {at / cols}, {at % cols}, {1.0}});
    if (std::fabs(gradient[at] - expected) <= allowed) continue;
    return Wrong(absl::StrCat("element ", at, " of ", tensor, " is ", gradient[at],
                              ", the derivative ", expected, ", allowed error ", allowed));
  }
  return absl::OkStatus();
}

absl::Status CheckGradientsOf(CaseRun& run, const Operands& operands) {
  const std::vector<Shard> outputs = run.plan().Outputs();
  const std::vector<TensorShape> inputs = run.op().Tensors(run.problem());
  if (outputs.size() != inputs.size())
    return Wrong(absl::StrCat(outputs.size(), " gradients of ", inputs.size(), " inputs"));
  for (size_t index = 0; index < outputs.size(); ++index) {
    const std::string& tensor = outputs[index].tensor;
    if (tensor != "d" + inputs[index].name)
      return Wrong(absl::StrCat("gradient ", index, " is ", tensor));
    const TensorShape whole = OutputShape(run.op(), run.problem(), tensor);
    BB_RETURN_IF_ERROR(CheckCoverage(whole, outputs[index], run.communicator()));
    BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(run, index));
    if (run.communicator().rank() != 0) continue;  // one rank has seen what all hold
    BB_ASSIGN_OR_RETURN(const auto gradient, Merge(held));
    BB_RETURN_IF_ERROR(CompareElements(run, operands, tensor, gradient, whole.cols));
  }
  return absl::OkStatus();
}

absl::Status CheckAll(const Operator& op, const Problem& problem, Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(op, problem, communicator));
  const SeededOperands operands(op, problem, Distribution::kNormal, 61);
  run->Fill(operands);
  for (int repeat = 0; repeat < 2; ++repeat) {  // a run leaves its inputs as they were
    BB_RETURN_IF_ERROR(run->Run());
    BB_ASSIGN_OR_RETURN(const ValidationReport report, Check(*run, operands));
    if (!report.passed) return Wrong(report.failure);
  }
  for (const absl::Status& half : {run->plan().RunCompute(), run->plan().RunCommunication()}) {
    if (!half.ok() && (!absl::IsUnimplemented(half) || half.message().empty())) return half;
  }
  BB_RETURN_IF_ERROR(run->Run());
  return CheckGradientsOf(*run, operands);
}

class GradientTest : public testing::TestWithParam<ConformanceCase> {};

TEST_P(GradientTest, IsTheDerivativeOfTheForwardReference) {
  for (const Problem& problem : GetParam().Problems()) {
    // Derivatives along single elements take a whole reference each.
    if (problem.shape.d_in > kLongestInput) continue;
    const absl::Status outcome = RunRanks(problem.ranks, [&](Communicator& communicator) {
      return CheckAll(*GetParam().op, problem, communicator);
    });
    EXPECT_TRUE(outcome.ok()) << Describe(problem) << ": " << outcome;
  }
}

// --- Negative controls ---

enum class Control { kZeros, kUntouched, kDroppedRank, kShiftedRows, kStale };

constexpr std::pair<Control, const char*> kControls[] = {{Control::kZeros, "zeros"},
                                                         {Control::kUntouched, "untouched"},
                                                         {Control::kDroppedRank, "dropped rank"},
                                                         {Control::kShiftedRows, "shifted rows"},
                                                         {Control::kStale, "stale"}};

// Breaks output `index` after a right run. False when the control has no meaning for it.
// Collective.
absl::StatusOr<bool> Break(CaseRun& run, const Operands& operands, size_t index, Control control) {
  const SeededOperands before(run.op(), run.problem(), Distribution::kNormal, 71);
  if (control == Control::kStale) {
    if (index > 0) return false;  // all outputs are
    run.Fill(before);
    BB_RETURN_IF_ERROR(run.Run());
    return true;
  }
  run.Fill(operands);
  BB_RETURN_IF_ERROR(run.Run());
  BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(run, index));
  const Shard output = run.plan().Outputs()[index];
  const TensorShape whole = OutputShape(run.op(), run.problem(), output.tensor);
  std::vector<double> dense(held[0].size(), 0.0);
  for (const auto& of_rank : held) {
    for (size_t at = 0; at < dense.size(); ++at)
      if (!std::isnan(of_rank[at])) dense[at] = of_rank[at];
  }
  const int last = run.communicator().size() - 1;
  switch (control) {
    case Control::kUntouched:
      PoisonOutput(output);
      return true;
    case Control::kZeros:
      std::fill(dense.begin(), dense.end(), 0.0);
      break;
    case Control::kDroppedRank:
      if (run.communicator().rank() == last) std::fill(dense.begin(), dense.end(), 0.0);
      if (std::all_of(held[last].begin(), held[last].end(), [](double v) { return std::isnan(v); }))
        return false;
      break;
    case Control::kShiftedRows:
      if (whole.rows < 2) return false;
      std::rotate(dense.begin(), dense.begin() + whole.cols, dense.end());
      break;
    case Control::kStale:
      break;
  }
  StoreOutput(output, whole.cols, dense);
  return true;
}

absl::Status RejectAll(const Operator& op, const Problem& problem, Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(op, problem, communicator));
  const SeededOperands operands(op, problem, Distribution::kNormal, 67);
  for (const auto& [control, name] : kControls) {
    for (size_t index = 0; index < run->plan().Outputs().size(); ++index) {
      BB_ASSIGN_OR_RETURN(const bool meant, Break(*run, operands, index, control));
      if (!meant) continue;
      BB_ASSIGN_OR_RETURN(const ValidationReport report, Check(*run, operands));
      if (!report.passed) continue;
      return Wrong(absl::StrCat(name, " of ", run->plan().Outputs()[index].tensor,
                                " passed with residual ", report.residual));
    }
  }
  return absl::OkStatus();
}

class GradientControlTest : public testing::TestWithParam<ConformanceCase> {};

TEST_P(GradientControlTest, RejectsEveryWrongGradient) {
  int tried = 0;
  for (const Problem& problem : GetParam().Problems()) {
    const ProblemShape& shape = problem.shape;
    if (shape.tokens <= 8 || shape.d_in <= 8 || shape.d_out <= 8) continue;
    if (++tried > kControlledProblems) break;
    const absl::Status outcome = RunRanks(problem.ranks, [&](Communicator& communicator) {
      return RejectAll(*GetParam().op, problem, communicator);
    });
    EXPECT_TRUE(outcome.ok()) << Describe(problem) << ": " << outcome;
  }
  EXPECT_GT(tried, 0);
}

INSTANTIATE_TEST_SUITE_P(Matrix, GradientTest, testing::ValuesIn(AllCases("backward")),
                         [](const auto& info) { return CaseName(info.param); });

INSTANTIATE_TEST_SUITE_P(Matrix, GradientControlTest,
                         testing::ValuesIn(ControlledCases("backward")),
                         [](const auto& info) { return CaseName(info.param); });

}  // namespace
}  // namespace basisbench
