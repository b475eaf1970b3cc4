// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/lease.h"

#include "gtest/gtest.h"

namespace basisbench {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

TEST(Lease, RunsOutAfterItsDurationOfSilenceAndSaysSoOnce) {
  Lease lease;
  lease.Grant(absl::Seconds(5), kStart);
  EXPECT_FALSE(lease.TakeExpiry(kStart + absl::Seconds(5)));
  lease.Heard(kStart + absl::Seconds(4));
  EXPECT_FALSE(lease.TakeExpiry(kStart + absl::Seconds(9)));
  EXPECT_EQ(lease.Silence(kStart + absl::Seconds(9)), absl::Seconds(5));
  EXPECT_TRUE(lease.TakeExpiry(kStart + absl::Seconds(9) + absl::Nanoseconds(1)));
  EXPECT_FALSE(lease.TakeExpiry(kStart + absl::Hours(1)));
  EXPECT_FALSE(lease.held());
}

TEST(Lease, WithoutAGrantNothingRunsOut) {
  Lease lease;
  lease.Heard(kStart);
  EXPECT_FALSE(lease.TakeExpiry(kStart + absl::Hours(1000)));
}

TEST(Lease, AClockThatStepsBackDoesNotShortenIt) {
  Lease lease;
  lease.Grant(absl::Seconds(5), kStart);
  lease.Heard(kStart - absl::Hours(1));
  EXPECT_FALSE(lease.TakeExpiry(kStart + absl::Seconds(5)));
}

TEST(Lease, ANewGrantStartsAnew) {
  Lease lease;
  lease.Grant(absl::Seconds(5), kStart);
  EXPECT_TRUE(lease.TakeExpiry(kStart + absl::Seconds(6)));
  lease.Grant(absl::Seconds(1), kStart + absl::Seconds(6));
  EXPECT_TRUE(lease.held());
  EXPECT_EQ(lease.duration(), absl::Seconds(1));
  EXPECT_TRUE(lease.TakeExpiry(kStart + absl::Seconds(8)));
}

TEST(Backoff, DoublesToItsCapAndIsShortenedByAtMostAThird) {
  Backoff backoff(absl::Milliseconds(300), absl::Seconds(2));
  EXPECT_EQ(backoff.Next(0), absl::Milliseconds(300));
  EXPECT_EQ(backoff.Next(0), absl::Milliseconds(600));
  const absl::Duration shortened = backoff.Next(0.999999);
  EXPECT_LT(shortened, absl::Milliseconds(1200));
  EXPECT_GE(shortened, absl::Milliseconds(800));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(backoff.Next(0), absl::Seconds(2));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(0), absl::Milliseconds(300));
}

}  // namespace
}  // namespace basisbench
