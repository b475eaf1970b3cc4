// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/case_fit.h"

#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr int64_t kGiB = int64_t{1} << 30;

v1::JobSpec SpecOf(const std::vector<uint32_t>& ranks) {
  v1::JobSpec spec;
  for (const uint32_t world : ranks) spec.add_ranks(world);
  spec.add_operators()->set_name("matmul");
  return spec;
}

TEST(CheckRanksFit, CountsTheSlotsOfAllWorkers) {
  const std::vector<WorkerCapacity> workers = {{2, 0}, {3, 0}};
  EXPECT_THAT(CheckRanksFit(SpecOf({1, 5}), workers), IsOk());
  EXPECT_THAT(CheckRanksFit(SpecOf({1, 6}), workers), Fails(kInvalid, "spec.ranks[1]: 6 ranks"));
  EXPECT_THAT(CheckRanksFit(SpecOf({1000}), {}), IsOk()) << "nothing is known without workers";
}

TEST(CheckRanksFit, SaysWhichBackendTheSlotsAreOf) {
  v1::JobSpec spec = SpecOf({6});
  spec.set_backend("cuda_nccl");
  EXPECT_THAT(CheckRanksFit(spec, std::vector<WorkerCapacity>{{2, 0}}),
              Fails(kInvalid, "the 2 slots of all attached workers that offer cuda_nccl"));
}

TEST(CheckBackend, NamesWhatIsOfferedOrWhatWasMeant) {
  const std::vector<std::string> cpu = {"cpu_mpi"};
  EXPECT_THAT(CheckBackend("cpu_mpi", cpu), IsOk());
  EXPECT_THAT(CheckBackend("cuda_nccl", {"cuda_mpi", "cuda_nccl"}), IsOk());
  EXPECT_THAT(
      CheckBackend("cuda_nccl", cpu),
      Fails(kInvalid, "spec.backend: no attached worker offers cuda_nccl; offered: cpu_mpi"));
  EXPECT_THAT(CheckBackend("cuda_ncl", cpu),
              Fails(kInvalid, "spec.backend: 'cuda_ncl' is not known; did you mean 'cuda_nccl'?"));
  EXPECT_THAT(CheckBackend("cuda_nccl", {}), IsOk()) << "nothing is known without workers";
  EXPECT_THAT(CheckBackend("abacus", {}), Fails(kInvalid, "'abacus' is not known"));
  EXPECT_THAT(CheckBackend("cpu_local", {"cpu_local"}), IsOk()) << "a later runner's own";
}

TEST(HaveSlots, AddsUpTheWorkersAndIsTrueWhenNothingIsKnown) {
  const std::vector<WorkerCapacity> workers = {{2, 0}, {3, 0}};
  EXPECT_TRUE(HaveSlots(5, workers));
  EXPECT_FALSE(HaveSlots(6, workers));
  EXPECT_TRUE(HaveSlots(6, {}));
}

TEST(MemoryRefusal, CountsRanksThatFitOnEachWorker) {
  v1::Case item;
  item.set_ranks(3);
  v1::Cost cost;
  cost.set_bytes_per_rank(2 * kGiB);
  // One rank on the first, for lack of memory; two on the second, for lack of slots.
  EXPECT_EQ(MemoryRefusal(item, cost, std::vector<WorkerCapacity>{{4, 3 * kGiB}, {2, 9 * kGiB}}),
            "");
  const std::string refusal =
      MemoryRefusal(item, cost, std::vector<WorkerCapacity>{{4, 3 * kGiB}, {1, 9 * kGiB}});
  EXPECT_EQ(refusal,
            "needs 2 GiB for each of 3 ranks; the attached workers have room for 2 (largest memory "
            "of one: 9 GiB)");
  EXPECT_EQ(MemoryRefusal(item, cost, std::vector<WorkerCapacity>{{3, 0}}), "")
      << "memory that is not known refuses nothing";
  EXPECT_EQ(MemoryRefusal(item, cost, {}), "");
  cost.set_bytes_per_rank(0);
  EXPECT_EQ(MemoryRefusal(item, cost, std::vector<WorkerCapacity>{{1, 1}}), "");
}

TEST(CheckEachOperatorRuns, NamesTheFirstThatHasNothingToRun) {
  std::vector<ExpandedCase> cases(2);
  cases[0].operator_index = -1;
  cases[1].operator_index = 0;
  EXPECT_THAT(CheckEachOperatorRuns(SpecOf({1}), cases), IsOk());
  cases[1].refusal = "too odd";
  EXPECT_THAT(CheckEachOperatorRuns(SpecOf({1}), cases),
              Fails(kInvalid, "spec.operators[0]: 'matmul' can run none of its cases"));
  EXPECT_THAT(CheckEachOperatorRuns(SpecOf({1}), cases), Fails(kInvalid, "too odd"));
  cases.pop_back();
  EXPECT_THAT(CheckEachOperatorRuns(SpecOf({1}), cases), Fails(kInvalid, "has no case"));
}

}  // namespace
}  // namespace basisbench
