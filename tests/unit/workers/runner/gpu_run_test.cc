// SPDX-License-Identifier: Apache-2.0
// A whole assignment as on a GPU: the device is the processor, the clock, the stream and NVML are
// made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "tests/fakes/fake_nvml.h"
#include "tests/fakes/status_matchers.h"
#include "workers/collectives/local.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/measure/timer.h"
#include "workers/runner/assignment.h"
#include "workers/runner/measure_energy.h"
#include "workers/runner/run_context.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Does everything at once and takes the host's time.
class ImmediateStream : public GpuStream {
 public:
  absl::StatusOr<std::unique_ptr<Replay>> Capture(const Body& body) override {
    return std::make_unique<Recorded>(body);
  }
  absl::Status Hold(Gate&) override { return absl::OkStatus(); }
  absl::Status MarkBegin() override {
    begin_ns_ = SteadyNanoseconds();
    return absl::OkStatus();
  }
  absl::Status MarkEnd() override {
    end_ns_ = SteadyNanoseconds();
    return absl::OkStatus();
  }
  absl::StatusOr<double> Elapsed() override { return SecondsBetween(begin_ns_, end_ns_); }
  absl::Status Wait() override { return absl::OkStatus(); }

 private:
  class Recorded : public Replay {
   public:
    explicit Recorded(Body body) : body_(std::move(body)) {}
    absl::Status Launch() override { return body_(); }

   private:
    const Body body_;
  };
  int64_t begin_ns_ = 0, end_ns_ = 0;
};

class RecordKeeper : public Reporter {
 public:
  absl::Status CaseStarted(uint32_t) override { return absl::OkStatus(); }
  absl::Status Report(const v1::Progress&) override { return absl::OkStatus(); }
  absl::Status Report(const v1::RankActivity&) override { return absl::OkStatus(); }
  absl::Status Report(const v1::CaseResult& result) override {
    records.push_back(result);
    return absl::OkStatus();
  }
  absl::Status Done() override { return absl::OkStatus(); }

  std::vector<v1::CaseResult> records;
};

v1::Assignment Work(uint32_t ranks, const std::string& cache) {
  v1::Assignment work;
  work.mutable_measurement()->set_warmup_iterations(2);
  work.mutable_measurement()->set_min_samples(6);
  work.mutable_measurement()->set_max_samples(6);
  v1::Case& item = *work.add_cases();
  item.mutable_operator_()->set_name("matmul");
  item.mutable_shape()->set_tokens(64);
  item.mutable_shape()->set_d_in(128);
  item.mutable_shape()->set_d_out(128);
  item.set_sharding("row");
  item.set_ranks(ranks);
  item.set_cache(cache);
  return work;
}

// All ranks on the GPU "GPU-a", whose counter moves by 44 J with each reading. `with_nvml` is given
// each rank's NVML, or null to leave it out.
v1::CaseResult RunOnGpu(uint32_t ranks, const std::string& cache,
                        const std::function<std::unique_ptr<NvmlApi>()>& make_nvml) {
  // Room for the smallest product and for no more than a small copy.
  constexpr int64_t kMemory = int64_t{48} << 20;
  std::vector<RecordKeeper> keepers(ranks);
  const absl::Status status =
      RunLocalRanks(static_cast<int>(ranks), [&](Communicator& world) -> absl::Status {
        BB_ASSIGN_OR_RETURN(const std::unique_ptr<Device> device,
                            MakeCpuDevice({.memory_limit = kMemory}));
        RunContext context{world,       *device, keepers[static_cast<size_t>(world.rank())],
                           "cuda_nccl", "local", kMemory};
        context.gpu = std::make_unique<GpuMeasuring>();
        context.gpu->uuid = "GPU-a";
        context.gpu->cache_bytes = 1 << 20;
        context.gpu->stream = std::make_unique<ImmediateStream>();
        context.gpu->event_overhead_seconds = 1e-6;
        auto nvml = make_nvml();
        if (nvml != nullptr) OpenReadings(std::move(nvml), context.gpu.get());
        return RunAssignment(context, Work(ranks, cache));
      });
  EXPECT_THAT(status, IsOk());
  if (keepers[0].records.size() != 1) return {};
  return keepers[0].records[0];
}

std::unique_ptr<NvmlApi> OneGpu() {
  auto nvml = std::make_unique<FakeNvml>();
  FakeGpu& gpu = nvml->Add("GPU-a");
  gpu.millijoules_per_reading = 44'000;
  gpu.reasons = 0x4;
  return nvml;
}

TEST(GpuRun, OfOneRankIsTimedByTheGpu) {
  const v1::CaseResult record = RunOnGpu(1, "hot", OneGpu);
  EXPECT_EQ(record.outcome(), v1::OUTCOME_OK) << record.detail();
  EXPECT_EQ(record.timing().method(), "GPU events, graph replay");
  EXPECT_TRUE(record.timing().host_seconds().has_value());
  EXPECT_EQ(record.timing().timer_overhead_seconds(), 1e-6);
  EXPECT_EQ(record.roofs().method(), "GPU events, graph replay");
  EXPECT_EQ(record.roofs().gemm_n(), 1024);
  EXPECT_EQ(record.roofs().copy_bytes(), 4 << 20);
  ASSERT_EQ(record.environment().nodes_size(), 1);
  const v1::GpuConditions& gpu = record.environment().nodes(0).gpu();
  EXPECT_EQ(gpu.uuid(), "GPU-a");
  EXPECT_EQ(gpu.model(), "Test GPU");
  EXPECT_EQ(gpu.driver(), "580.01");
  EXPECT_EQ(gpu.temperature_start_celsius().value(), 40);
  EXPECT_EQ(gpu.temperature_end_celsius().value(), 40);
  EXPECT_GE(gpu.readings(), 1u);
  EXPECT_EQ(gpu.sm_clock_mhz().mean(), 1500);
  EXPECT_EQ(gpu.throttled_share().value(), 1);
  ASSERT_EQ(gpu.clock_reasons_size(), 1);
  EXPECT_EQ(gpu.clock_reasons(0).name(), "sw_power_cap");
  EXPECT_GT(record.gpu_energy_joules().value(), 0) << record.gpu_energy_joules().note();
  EXPECT_GE(record.energy_joules().value(), record.gpu_energy_joules().value());
  EXPECT_THAT(record.energy_joules().note(), HasSubstr("NVML"));
  EXPECT_THAT(record.memory_bytes().note(), HasSubstr("of the GPU they could"));
  EXPECT_FALSE(record.memory_bytes().has_value());
}

TEST(GpuRun, WithoutNvmlHasReasonsAndNoZeros) {
  const v1::CaseResult record = RunOnGpu(1, "cold", [] { return nullptr; });
  EXPECT_EQ(record.outcome(), v1::OUTCOME_OK) << record.detail();
  EXPECT_EQ(record.timing().batch(), 1u);
  EXPECT_THAT(record.environment().variables().at("basisbench.cold_cache"),
              StartsWith("the GPU's level-2 cache"));
  const v1::GpuConditions& gpu = record.environment().nodes(0).gpu();
  for (const v1::Observed* observed : {&gpu.sm_clock_mhz(), &gpu.memory_clock_mhz(),
                                       &gpu.power_watts(), &gpu.performance_state()}) {
    EXPECT_FALSE(observed->has_mean());
    EXPECT_EQ(observed->note(), "NVML was not asked");
  }
  for (const v1::Measured* measured :
       {&gpu.temperature_start_celsius(), &gpu.temperature_end_celsius(), &gpu.throttled_share(),
        &record.gpu_energy_joules(), &record.energy_joules()}) {
    EXPECT_FALSE(measured->has_value());
    EXPECT_THAT(measured->note(), HasSubstr("NVML was not asked"));
  }
}

TEST(GpuRun, OfSeveralRanksIsTimedByTheHost) {
  const v1::CaseResult record = RunOnGpu(2, "hot", OneGpu);
  EXPECT_EQ(record.outcome(), v1::OUTCOME_OK) << record.detail();
  EXPECT_THAT(record.timing().method(), StartsWith("host clock: several ranks"));
  EXPECT_FALSE(record.timing().host_seconds().has_value());
  EXPECT_THAT(record.roofs().method(), StartsWith("host clock: several ranks"));
  EXPECT_GT(record.roofs().wire_bytes_per_second(), 0);
  EXPECT_EQ(record.environment().nodes_size(), 2);
  EXPECT_EQ(record.environment().nodes(1).gpu().readings() > 0, true);
  EXPECT_GT(record.gpu_energy_joules().value(), 0) << record.gpu_energy_joules().note();
}

TEST(GpuRun, ACounterThatStandsStillIsNoEnergy) {
  const v1::CaseResult record = RunOnGpu(1, "hot", [] {
    auto nvml = std::make_unique<FakeNvml>();
    nvml->Add("GPU-a");
    return nvml;
  });
  EXPECT_FALSE(record.gpu_energy_joules().has_value());
  EXPECT_THAT(record.gpu_energy_joules().note(), HasSubstr("from 1000 to 1000 mJ"));
  EXPECT_FALSE(record.energy_joules().has_value());
}

TEST(GpuEnergyOfRanks, IsReadOnceForEachGpu) {
  const std::vector<std::string> uuids = {"a", "b", "a", "b", "c"};
  std::vector<bool> first;
  for (size_t rank = 0; rank < uuids.size(); ++rank) first.push_back(IsFirstOnGpu(uuids, rank));
  EXPECT_THAT(first, testing::ElementsAre(true, true, false, false, true));
}

}  // namespace
}  // namespace basisbench
