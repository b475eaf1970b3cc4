// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/slots.h"

#include <numeric>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

using testing::ElementsAre;

TEST(ParseCpuList, ReadsRangesInAnyOrder) {
  EXPECT_THAT(*ParseCpuList("0-3,8"), ElementsAre(0, 1, 2, 3, 8));
  EXPECT_THAT(*ParseCpuList("8,0-1,1"), ElementsAre(0, 1, 8));
  EXPECT_THAT(*ParseCpuList("5-5"), ElementsAre(5));
}

TEST(ParseCpuList, NamesThePartThatIsWrong) {
  for (const char* part : {"", "x", "3-1", "-1", "1-", "1-2-3", "70000", "1.5", "4294967296"}) {
    EXPECT_THAT(ParseCpuList(std::string("0,") + part),
                Fails(absl::StatusCode::kInvalidArgument,
                      std::string("'") + part + "' in the CPU list '0," + part + "'"));
  }
}

TEST(SlotTable, GivesOutEachSlotOnce) {
  SlotTable slots(CpuSlots({0, 1, 2, 3}, 4, 400));
  EXPECT_EQ(slots.at(2).memory_bytes, 100);
  EXPECT_EQ(slots.at(2).gpu, "");
  EXPECT_THAT(slots.at(2).cpus, ElementsAre(2));
  EXPECT_THAT(*slots.Take(3), ElementsAre(0, 1, 2));
  EXPECT_THAT(slots.Take(2),
              Fails(absl::StatusCode::kResourceExhausted, "2 slots are wanted, 1 of 4 are free"));
  EXPECT_EQ(slots.free(), 1u) << "a refusal takes nothing";
  slots.Give({1});
  EXPECT_THAT(*slots.Take(2), ElementsAre(1, 3));
  EXPECT_FALSE(slots.Take(0).ok());
}

TEST(DivideCpus, GivesEvenPartsWithoutOverlap) {
  for (uint32_t cpus = 1; cpus <= 12; ++cpus) {
    std::vector<uint32_t> numbers(cpus);
    std::iota(numbers.begin(), numbers.end(), 10);
    for (uint32_t count = 1; count <= 12; ++count) {
      const std::vector<std::vector<uint32_t>> parts = DivideCpus(numbers, count);
      ASSERT_EQ(parts.size(), count);
      std::multiset<uint32_t> given;
      for (const std::vector<uint32_t>& part : parts) {
        EXPECT_GE(part.size(), std::max(1u, cpus / count));
        EXPECT_LE(part.size(), cpus / count + 1);
        given.insert(part.begin(), part.end());
      }
      const std::set<uint32_t> distinct(given.begin(), given.end());
      EXPECT_EQ(distinct.size(), std::min<size_t>(given.size(), cpus)) << cpus << " " << count;
    }
  }
  EXPECT_THAT(DivideCpus({}, 2), ElementsAre(testing::IsEmpty(), testing::IsEmpty()));
}

}  // namespace
}  // namespace basisbench
