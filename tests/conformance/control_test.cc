// SPDX-License-Identifier: Apache-2.0
// Negative controls: outputs that are wrong in the ways distributed programs go wrong. Validation
// has to reject each.
#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/run_case.h"
#include "workers/operators/partition.h"
#include "workers/operators/validation.h"

namespace basisbench {
namespace {

enum class Control {
  kZeros,           // every rank returns zeros
  kUntouched,       // the run wrote nothing: the poison is still there
  kStale,           // the output of the operands before
  kDroppedPart,     // one rank's part of the output is zeros
  kDroppedOperand,  // one rank computed with zeros instead of its part of X
  kSwappedShards,   // two ranks have each other's part
  kShiftedRows,     // every row is its neighbour's
  kShiftedColumns,
};

constexpr std::pair<Control, const char*> kControls[] = {
    {Control::kZeros, "zeros"},
    {Control::kUntouched, "untouched"},
    {Control::kStale, "stale"},
    {Control::kDroppedPart, "dropped part"},
    {Control::kDroppedOperand, "dropped operand"},
    {Control::kSwappedShards, "swapped shards"},
    {Control::kShiftedRows, "shifted rows"},
    {Control::kShiftedColumns, "shifted columns"},
};

// All values zero.
class Nothing : public Operands {
 public:
  double At(absl::string_view, int64_t, int64_t) const override { return 0; }
};

using Dense = std::vector<double>;

// The elements that a rank holds, in the order of its shard.
std::vector<size_t> HeldBy(const Dense& dense) {
  std::vector<size_t> at;
  for (size_t i = 0; i < dense.size(); ++i) {
    if (!std::isnan(dense[i])) at.push_back(i);
  }
  return at;
}

// The first two ranks that hold different elements, and some; {0, 0} when there are none: one rank,
// or replicas only.
std::pair<size_t, size_t> SwappableRanks(const std::vector<Dense>& held) {
  for (size_t a = 0; a < held.size(); ++a) {
    for (size_t b = a + 1; b < held.size(); ++b) {
      const auto of_a = HeldBy(held[a]), of_b = HeldBy(held[b]);
      if (!of_a.empty() && !of_b.empty() && of_a != of_b) return {a, b};
    }
  }
  return {0, 0};
}

// Puts into `mine` what rank `other` holds, position by position.
Dense PartOfOther(const Dense& mine, const Dense& other) {
  Dense swapped = mine;
  const auto to = HeldBy(mine), from = HeldBy(other);
  for (size_t i = 0; i < to.size(); ++i) swapped[to[i]] = other[from[i % from.size()]];
  return swapped;
}

// Element (i, j) from (i - rows, j - cols) of the whole output, around the ends.
Dense Shifted(const std::vector<Dense>& held, const ProblemShape& shape, int64_t rows,
              int64_t cols) {
  Dense whole(held[0].size());
  for (const Dense& one : held) {
    for (const size_t at : HeldBy(one)) whole[at] = one[at];
  }
  Dense shifted(whole.size());
  for (int64_t i = 0; i < shape.tokens; ++i) {
    for (int64_t j = 0; j < shape.d_out; ++j) {
      const int64_t from_row = (i - rows + shape.tokens) % shape.tokens;
      const int64_t from_col = (j - cols + shape.d_out) % shape.d_out;
      shifted[i * shape.d_out + j] = whole[from_row * shape.d_out + from_col];
    }
  }
  return shifted;
}

// Elements of X that this rank holds.
int64_t HeldOfX(CaseRun& run) {
  int64_t held = 0;
  for (const Shard& shard : run.plan().Inputs()) {
    if (shard.tensor == "x") held += static_cast<int64_t>(shard.rows.size() * shard.cols.size());
  }
  return held;
}

// The last rank that holds a part of X: some shardings leave ranks without one. Collective.
absl::StatusOr<int> LastWithOperand(CaseRun& run) {
  const int ranks = run.problem().ranks;
  std::vector<double> held(ranks, 0.0);
  held[run.communicator().rank()] = static_cast<double>(HeldOfX(run));
  BB_RETURN_IF_ERROR(run.communicator().AllGather(Dtype::kF64, held.data(), PartsOf(ranks, ranks)));
  int last = ranks - 1;
  while (last > 0 && held[last] == 0) --last;
  return last;
}

// Fills and runs with `operands`, then breaks the output. False when the control has no meaning for
// the case.
absl::StatusOr<bool> Break(CaseRun& run, const Operands& operands, const Operands& before,
                           Control control) {
  const int rank = run.communicator().rank(), last = run.problem().ranks - 1;
  run.Fill(control == Control::kStale ? before : operands);
  BB_ASSIGN_OR_RETURN(const int last_with_operand, LastWithOperand(run));
  if (control == Control::kDroppedOperand && rank == last_with_operand) {
    for (const Shard& shard : run.plan().Inputs()) {
      if (shard.tensor == "x") FillShard(shard, Nothing());
    }
  }
  BB_RETURN_IF_ERROR(run.Run());
  const Shard output = run.plan().Outputs().front();
  const ProblemShape& shape = run.problem().shape;
  BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(run));
  const auto [one, other] = SwappableRanks(held);
  switch (control) {
    case Control::kStale:
    case Control::kDroppedOperand:
      return true;
    case Control::kUntouched:
      PoisonOutput(output);
      return true;
    case Control::kZeros:
      StoreOutput(output, shape.d_out, Dense(held[0].size(), 0.0));
      return true;
    case Control::kDroppedPart:
      if (rank == last) StoreOutput(output, shape.d_out, Dense(held[0].size(), 0.0));
      return !HeldBy(held[last]).empty();
    case Control::kSwappedShards:
      if (one == other) return false;
      if (rank == static_cast<int>(one))
        StoreOutput(output, shape.d_out, PartOfOther(held[one], held[other]));
      if (rank == static_cast<int>(other))
        StoreOutput(output, shape.d_out, PartOfOther(held[other], held[one]));
      return true;
    case Control::kShiftedRows:
      StoreOutput(output, shape.d_out, Shifted(held, shape, 1, 0));
      return shape.tokens > 1;
    case Control::kShiftedColumns:
      StoreOutput(output, shape.d_out, Shifted(held, shape, 0, 1));
      return shape.d_out > 1;
  }
  return absl::InternalError("unknown control");
}

// One control with normal or with integer operands. OK when it was rejected, or has no meaning
// here.
absl::Status MustReject(CaseRun& run, Control control, bool exact) {
  const Distribution distribution = exact ? Distribution::kInteger : Distribution::kNormal;
  const SeededOperands operands(run.op(), run.problem(), distribution, 31);
  const SeededOperands before(run.op(), run.problem(), distribution, 37);
  BB_ASSIGN_OR_RETURN(const bool meant, Break(run, operands, before, control));
  if (!meant) return absl::OkStatus();
  const auto check = exact ? CheckExact : CheckProjection;
  HostReader reader;
  BB_ASSIGN_OR_RETURN(const ValidationReport report,
                      check(run.op(), run.problem(), operands, run.plan().Outputs().front(), reader,
                            run.communicator(), {}));
  if (report.passed)
    return absl::InternalError(absl::StrCat("passed with residual ", report.residual));
  return report.failure.empty() ? absl::InternalError("rejected without a reason")
                                : absl::OkStatus();
}

absl::Status RejectAll(const Operator& op, const Problem& problem, Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(op, problem, communicator));
  for (const auto& [control, name] : kControls) {
    for (const bool exact : {false, true}) {
      if (exact && !CanCheckExactly(op, problem).ok()) continue;
      const absl::Status outcome = MustReject(*run, control, exact);
      if (!outcome.ok()) {
        return absl::Status(outcome.code(), absl::StrCat(name, exact ? " (integers): " : ": ",
                                                         std::string(outcome.message())));
      }
    }
  }
  return absl::OkStatus();
}

// Large enough for every rank to hold something of everything.
bool IsLarge(const Problem& problem) {
  return problem.shape.tokens > 8 && problem.shape.d_in > 8 && problem.shape.d_out > 8;
}

class ControlTest : public testing::TestWithParam<ConformanceCase> {};

TEST_P(ControlTest, RejectsEveryWrongOutput) {
  int tried = 0;
  for (const Problem& problem : GetParam().Problems()) {
    if (!IsLarge(problem)) continue;
    if (++tried > kControlledProblems) break;
    const absl::Status outcome = RunRanks(problem.ranks, [&](Communicator& communicator) {
      return RejectAll(*GetParam().op, problem, communicator);
    });
    EXPECT_TRUE(outcome.ok()) << Describe(problem) << ": " << outcome;
  }
  EXPECT_GT(tried, 0);
}

INSTANTIATE_TEST_SUITE_P(Matrix, ControlTest, testing::ValuesIn(ControlledCases()),
                         [](const auto& info) { return CaseName(info.param); });

}  // namespace
}  // namespace basisbench
