// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_network.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

TEST(ParseNetwork, ReadsTimesAndRatesWithTheirUnits) {
  const struct {
    const char* text;
    double alpha, bytes_per_second;
  } cases[] = {{"latency=2us,bandwidth=25GB/s", 2e-6, 25e9},
               {"bandwidth=1GiB/s, latency=500ns", 5e-7, 1073741824},
               {"latency=0,bandwidth=100Gbit/s", 0, 12.5e9},
               {"latency=1.5ms,bandwidth=1e9B/s", 1.5e-3, 1e9}};
  for (const auto& c : cases) {
    const auto link = ParseNetwork(c.text);
    ASSERT_TRUE(link.ok()) << link.status();
    EXPECT_NEAR(link->seconds_per_message, c.alpha, 1e-15) << c.text;
    EXPECT_NEAR(link->seconds_per_byte * c.bytes_per_second, 1, 1e-12) << c.text;
  }
}

TEST(ParseNetwork, QuotesWhatIsWrong) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {{"latency=2us", "lacks bandwidth"},
               {"bandwidth=1GB/s", "lacks latency"},
               {"", "'' is neither"},
               {"latency=2us,bandwidth=25", "bandwidth '25' has no unit"},
               {"latency=2us,bandwidth=25Gb/s", "bandwidth '25Gb/s' has no known unit; have: B/s"},
               {"latency=2us,bandwidth=25GB", "bandwidth '25GB' does not end in /s"},
               {"latency=2us,bandwidth=0GB/s", "not a number above 0"},
               {"latency=2us,bandwidth=-1GB/s", "not a number above 0"},
               {"latency=2us,bandwidth=infGB/s", "not a number above 0"},
               {"latency=2,bandwidth=1GB/s", "latency '2' is not a time"},
               {"latency=-2us,bandwidth=1GB/s", "latency '-2us' is not a time"},
               {"latency=inf,bandwidth=1GB/s", "latency 'inf' is not a time"},
               {"latency=2us,latency=3us", "'latency' is there twice"},
               {"speed=1", "'speed=1' is neither"}};
  for (const auto& c : cases) {
    const auto link = ParseNetwork(c.text);
    EXPECT_TRUE(absl::IsInvalidArgument(link.status())) << c.text;
    EXPECT_THAT(std::string(link.status().message()), HasSubstr(c.says));
  }
}

}  // namespace
}  // namespace basisbench
