// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/wire_probe.h"

#include <gtest/gtest.h>

#include <vector>

#include "services/base/status_macros.h"
#include "workers/collectives/local.h"

namespace basisbench {
namespace {

class WireProbeOnRanks : public testing::TestWithParam<int> {};

TEST_P(WireProbeOnRanks, GivesEveryRankTheSamePositiveFigures) {
  const int ranks = GetParam();
  std::vector<WireProbe> probes(ranks);
  const absl::Status status = RunLocalRanks(ranks, [&](Communicator& communicator) -> absl::Status {
    BB_ASSIGN_OR_RETURN(probes[communicator.rank()],
                        ProbeWire(communicator, {.budget = absl::Milliseconds(5),
                                                 .message_bytes = int64_t{1} << 16}));
    return communicator.Barrier();
  });
  ASSERT_TRUE(status.ok()) << status;
  for (const WireProbe& probe : probes) {
    EXPECT_GT(probe.latency_seconds, 0);
    EXPECT_GT(probe.bandwidth_bytes_per_second, 0);
    EXPECT_EQ(probe.latency_seconds, probes[0].latency_seconds);
    EXPECT_EQ(probe.bandwidth_bytes_per_second, probes[0].bandwidth_bytes_per_second);
  }
}

INSTANTIATE_TEST_SUITE_P(TwoToFive, WireProbeOnRanks, testing::Values(2, 3, 4, 5));

TEST(WireProbe, OfOneRankIsZero) {
  const absl::Status status = RunLocalRanks(1, [](Communicator& communicator) -> absl::Status {
    BB_ASSIGN_OR_RETURN(const WireProbe probe, ProbeWire(communicator));
    EXPECT_EQ(probe.latency_seconds, 0);
    EXPECT_EQ(probe.bandwidth_bytes_per_second, 0);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace basisbench
