// SPDX-License-Identifier: Apache-2.0
// What the mathematics says of transforms and convolutions without any reference: isometries whose
// backward direction is their inverse, involutions, and maps that commute with shifts.
#include <set>

#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/applied.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/ranks.h"

namespace basisbench {
namespace {

bool IsIn(const std::set<std::string>& names, const Operator& op) {
  return names.count(op.description().name) > 0;
}
bool IsOrthogonal(const Operator& op) {
  return IsIn({"dct", "dwt", "hartley", "random_orthogonal", "wht"}, op);
}
bool IsShiftInvariant(const Operator& op) {
  return IsIn({"circulant", "long_conv", "polymul"}, op);
}

// |f(x)| = |x| and f'(f(x)) = x.
absl::Status CheckOrthogonal(CaseRun& run) {
  const Dense x = Normal(run.problem(), 59);
  BB_ASSIGN_OR_RETURN(const Dense y, Apply(run, x));
  BB_RETURN_IF_ERROR(Expect(Distance(run, {Norm(y)}, {Norm(x)}), "|f(x)|"));
  if (run.op().description().name == "hartley") {
    BB_ASSIGN_OR_RETURN(const Dense twice, Apply(run, y));
    BB_RETURN_IF_ERROR(Expect(Distance(run, twice, x), "f(f(x))"));
  }
  Problem backward = run.problem();
  backward.direction = "backward";
  BB_ASSIGN_OR_RETURN(const auto adjoint, CaseRun::Make(run.op(), backward, run.communicator()));
  BB_ASSIGN_OR_RETURN(const Dense back, Apply(*adjoint, y, "dy"));
  return Expect(Distance(run, back, x), "f'(f(x))");
}

// Each vector one place on; what leaves comes back at the start of a circular one.
Dense Shifted(const Problem& problem, const Dense& x, bool circular) {
  const auto [tokens, width, d_out] = problem.shape;
  const auto axis = problem.parameters.find("axis");
  const bool along_rows = axis != problem.parameters.end() && axis->second == "channel";
  Dense shifted(x.size());
  for (int64_t i = 0; i < tokens; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      const bool first = along_rows ? j == 0 : i == 0;
      const int64_t from =
          along_rows ? i * width + (j + width - 1) % width : (i + tokens - 1) % tokens * width + j;
      shifted[i * width + j] = first && !circular ? 0 : x[from];
    }
  }
  return shifted;
}

absl::Status CheckShift(CaseRun& run) {
  const bool circular = run.op().description().name == "circulant";
  const Dense x = Normal(run.problem(), 73);
  BB_ASSIGN_OR_RETURN(const Dense y, Apply(run, x));
  BB_ASSIGN_OR_RETURN(const Dense of_shifted, Apply(run, Shifted(run.problem(), x, circular)));
  const Dense expected = Shifted(run.problem(), y, circular);
  if (Norm(expected) == 0) return absl::OkStatus();  // vectors of length 1
  return Expect(Distance(run, of_shifted, expected), "f(shifted x)");
}

std::vector<ConformanceCase> CasesWithIdentity() {
  std::vector<ConformanceCase> cases;
  for (const ConformanceCase& one : AllCases()) {
    if (ComputeDtype(one.dtype) != one.dtype) continue;  // two applications round in between
    if (one.parameters.count("gates") > 0) continue;     // they stay where they are
    if (IsOrthogonal(*one.op) || IsShiftInvariant(*one.op)) cases.push_back(one);
  }
  return cases;
}

class TransformIdentityTest : public testing::TestWithParam<ConformanceCase> {};

TEST_P(TransformIdentityTest, HoldsWithoutAReference) {
  const Operator& op = *GetParam().op;
  for (const Problem& problem : GetParam().Problems()) {
    const absl::Status outcome =
        RunRanks(problem.ranks, [&](Communicator& communicator) -> absl::Status {
          BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(op, problem, communicator));
          return IsOrthogonal(op) ? CheckOrthogonal(*run) : CheckShift(*run);
        });
    EXPECT_TRUE(outcome.ok()) << Describe(problem) << ": " << outcome;
  }
}

INSTANTIATE_TEST_SUITE_P(Matrix, TransformIdentityTest, testing::ValuesIn(CasesWithIdentity()),
                         [](const auto& info) { return CaseName(info.param); });

}  // namespace
}  // namespace basisbench
