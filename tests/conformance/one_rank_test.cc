// SPDX-License-Identifier: Apache-2.0
// A plan of one rank is work in the order of its device's stream and nothing else, so that it can
// be recorded and launched as a whole: on a device that does nothing before it is told to wait, no
// plan may tell it so.
#include <gtest/gtest.h>

#include "services/base/status_macros.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/devices/conforming_device.h"
#include "tests/conformance/ranks.h"
#include "tests/fakes/deferred_device.h"
#include "workers/operators/stored.h"

namespace basisbench {
namespace {

absl::Status NeverWaits(const Operator& op, const Problem& problem, Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Device> inner, MakeConformingDevice());
  DeferredDevice device(std::move(inner));
  BB_ASSIGN_OR_RETURN(const auto plan, PreparePlan(op, problem, device, communicator));
  const int64_t before = device.waits();
  const TrafficTable traffic = communicator.traffic();
  BB_RETURN_IF_ERROR(plan->Run());
  BB_RETURN_IF_ERROR(plan->Run());
  EXPECT_EQ(device.waits(), before) << Describe(problem);
  for (const Traffic& one : Difference(communicator.traffic(), traffic))
    EXPECT_EQ(one.calls, 0) << Describe(problem);
  return absl::OkStatus();
}

void TryAll(const std::string& direction) {
  if (Backend() != "local") GTEST_SKIP() << "one rank is enough, once";
  for (const ConformanceCase& one : AllCases(direction)) {
    if (one.ranks > 1 || one.dtype == Dtype::kF16) continue;
    for (const Problem& problem : one.Problems()) {
      EXPECT_TRUE(RunRanks(1,
                           [&](Communicator& communicator) {
                             return NeverWaits(*one.op, problem, communicator);
                           })
                      .ok())
          << Describe(problem);
    }
  }
}

TEST(PlansOfOneRank, NeverWaitForTheDeviceForward) { TryAll("forward"); }
TEST(PlansOfOneRank, NeverWaitForTheDeviceBackward) { TryAll("backward"); }

}  // namespace
}  // namespace basisbench
