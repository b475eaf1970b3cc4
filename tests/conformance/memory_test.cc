// SPDX-License-Identifier: Apache-2.0
// Plans take the memory that their operators declare, no less and no more: what does not fit is
// found out before a case runs.
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/ranks.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/operators/stored.h"

namespace basisbench {
namespace {

// Buffers take whole lines of memory; a plan has fewer buffers than this.
constexpr int64_t kSlack = 64 * 32;

absl::Status PlanWithin(const Operator& op, const Problem& problem, Communicator& communicator,
                        int64_t bytes) {
  BB_ASSIGN_OR_RETURN(auto device, MakeCpuDevice({.memory_limit = bytes, .time_ffts = false}));
  return PreparePlan(op, problem, *device, communicator).status();
}

absl::Status CheckMemory(const Operator& op, const Problem& problem, Communicator& communicator) {
  const int64_t declared = DeclaredCost(op, problem).memory_bytes[communicator.rank()];
  BB_RETURN_IF_ERROR(PlanWithin(op, problem, communicator, declared + kSlack));
  // Making a plan may be collective: a rank must not be the only one that fails.
  if (problem.ranks > 1 || declared <= kSlack) return absl::OkStatus();
  const absl::Status less = PlanWithin(op, problem, communicator, declared - kSlack);
  if (absl::IsResourceExhausted(less)) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("fits into less than the declared ", declared, " bytes"));
}

class MemoryTest : public testing::TestWithParam<ConformanceCase> {};

TEST_P(MemoryTest, IsWhatIsDeclared) {
  for (const Problem& problem : GetParam().Problems()) {
    const absl::Status outcome = RunRanks(problem.ranks, [&](Communicator& communicator) {
      return CheckMemory(*GetParam().op, problem, communicator);
    });
    EXPECT_TRUE(outcome.ok()) << Describe(problem) << ": " << outcome;
  }
}

// The halves are declared by a bound; more ranks add nothing.
std::vector<ConformanceCase> WholeDtypes(const std::string& direction) {
  std::vector<ConformanceCase> cases;
  for (const ConformanceCase& one : AllCases(direction))
    if (ComputeDtype(one.dtype) == one.dtype && one.ranks <= 2) cases.push_back(one);
  return cases;
}

// Between more processes than its cases have ranks there are none.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(MemoryTest);
INSTANTIATE_TEST_SUITE_P(Forward, MemoryTest, testing::ValuesIn(WholeDtypes("forward")),
                         [](const auto& info) { return CaseName(info.param); });
INSTANTIATE_TEST_SUITE_P(Backward, MemoryTest, testing::ValuesIn(WholeDtypes("backward")),
                         [](const auto& info) { return CaseName(info.param); });

}  // namespace
}  // namespace basisbench
