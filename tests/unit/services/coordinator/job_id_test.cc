// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/job_id.h"

#include <set>

#include "gtest/gtest.h"

namespace basisbench {
namespace {

TEST(NewJobId, SortsByTime) {
  std::string last;
  for (int64_t ms = 1'700'000'000'000; ms < 1'700'000'000'100; ++ms) {
    const std::string id = NewJobId(absl::FromUnixMillis(ms));
    EXPECT_EQ(id.size(), 15u);
    EXPECT_LT(last, id);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos) << id;
    last = id;
  }
}

TEST(NewJobId, IsDistinctWithinAMillisecond) {
  std::set<std::string> ids;
  const absl::Time now = absl::FromUnixMillis(1'700'000'000'000);
  // 2^30 values: two equal ones among a thousand have a chance of 1 in 2000.
  for (int i = 0; i < 1000; ++i) ids.insert(NewJobId(now));
  EXPECT_GE(ids.size(), 998u);
}

}  // namespace
}  // namespace basisbench
