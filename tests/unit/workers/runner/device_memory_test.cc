// SPDX-License-Identifier: Apache-2.0
// Whole assignments on a device whose memory ends the program when the host touches it: operands go
// there, results come back, and everything ranks tell each other stays in host memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "tests/fakes/sealed_device.h"
#include "tests/fakes/status_matchers.h"
#include "workers/collectives/local.h"
#include "workers/collectives/staged.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/runner/assignment.h"
#include "workers/runner/run_context.h"

namespace basisbench {
namespace {

class RecordKeeper : public Reporter {
 public:
  absl::Status CaseStarted(uint32_t) override { return absl::OkStatus(); }
  absl::Status Report(const v1::Progress&) override { return absl::OkStatus(); }
  absl::Status Report(const v1::RankActivity& activity) override {
    for (const auto& traffic : activity.traffic()) bytes += traffic.bytes_sent();
    return absl::OkStatus();
  }
  absl::Status Report(const v1::CaseResult& result) override {
    records.push_back(result);
    return absl::OkStatus();
  }
  absl::Status Done() override { return absl::OkStatus(); }

  std::vector<v1::CaseResult> records;
  uint64_t bytes = 0;
};

// Too little for the larger roofs, which would take the time of the test.
constexpr int64_t kMemory = int64_t{24} << 20;

struct Item {
  std::string name, sharding, dtype = "f32", direction = "forward";
};

v1::Assignment Work(uint32_t ranks, const std::vector<Item>& items) {
  v1::Assignment work;
  v1::MeasurementOptions& how = *work.mutable_measurement();
  how.set_warmup_iterations(1);
  how.set_min_samples(3);
  how.set_max_samples(3);
  how.mutable_min_time()->set_nanos(1);
  for (const Item& item : items) {
    v1::Case& one = *work.add_cases();
    one.set_index(static_cast<uint32_t>(work.cases_size() - 1));
    one.mutable_operator_()->set_name(item.name);
    one.mutable_shape()->set_tokens(48);
    one.mutable_shape()->set_d_in(64);
    one.mutable_shape()->set_d_out(64);
    one.set_sharding(item.sharding);
    one.set_dtype(item.dtype);
    one.set_direction(item.direction);
    one.set_ranks(ranks);
    one.set_backend("cuda_mpi");
  }
  return work;
}

std::vector<RecordKeeper> RunSealed(int ranks, const std::vector<Item>& items) {
  std::vector<RecordKeeper> keepers(static_cast<size_t>(ranks));
  const absl::Status status = RunLocalRanks(ranks, [&](Communicator& world) -> absl::Status {
    BB_ASSIGN_OR_RETURN(std::unique_ptr<Device> libraries, MakeCpuDevice({.time_ffts = false}));
    SealedDevice device(std::move(libraries), kMemory);
    BB_ASSIGN_OR_RETURN(std::unique_ptr<Communicator> transport, world.Split(0, world.rank()));
    RunContext context{world,      device, keepers[static_cast<size_t>(world.rank())],
                       "cuda_mpi", "w0",   kMemory};
    context.device_world = MakeStagedCommunicator(device, std::move(transport));
    return RunAssignment(context, Work(static_cast<uint32_t>(ranks), items));
  });
  EXPECT_THAT(status, IsOk());
  return keepers;
}

class SealedRuns : public testing::TestWithParam<int> {};

TEST_P(SealedRuns, RecordsAreValidAndTrafficIsThePlans) {
  const std::vector<RecordKeeper> keepers =
      RunSealed(GetParam(), {{"matmul", "row"},
                             {"matmul", "column", "bf16"},
                             {"matmul", "token", "f32", "backward"},
                             {"fnet", "token"},
                             {"monarch", "token"},
                             {"wht", "token"},
                             {"dwt", "token"},
                             {"softmax_attention", "column"}});
  ASSERT_EQ(keepers[0].records.size(), 8);
  for (const v1::CaseResult& record : keepers[0].records) {
    const std::string what = record.case_().operator_().name() + " " + record.case_().sharding();
    EXPECT_EQ(record.outcome(), v1::OUTCOME_OK) << what << ": " << record.detail();
    EXPECT_TRUE(record.validation().passed()) << what << ": " << record.validation().detail();
    EXPECT_TRUE(record.validation().traffic_matches()) << what;
  }
  EXPECT_EQ(keepers[0].bytes > 0, GetParam() > 1);
}

INSTANTIATE_TEST_SUITE_P(OneAndTwo, SealedRuns, testing::Values(1, 2));

}  // namespace
}  // namespace basisbench
