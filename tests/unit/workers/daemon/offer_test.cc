// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/offer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/base/backends.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;

class OfferTest : public testing::Test {
 protected:
  OfferTest() {
    for (uint32_t cpu = 0; cpu < 4; ++cpu) inventory_.add_cpus(cpu);
    inventory_.set_memory_bytes(4000);
    request_.device = kCudaDevice;
    request_.runner = "/bin/runner";
    request_.runner_backends = {kCpuMpi, kCudaNccl, kCudaMpi};
    request_.no_gpu = "the driver shows no GPU";
    request_.root = "/nowhere";
  }
  void AddGpu(uint32_t index, const std::string& uuid) {
    v1::GpuInfo& gpu = *inventory_.add_gpus();
    gpu.set_index(index);
    gpu.set_uuid(uuid);
    gpu.set_memory_bytes(100);
  }
  absl::StatusOr<Offer> Make() { return MakeOffer(request_, inventory_); }

  v1::Inventory inventory_;
  OfferRequest request_;
};

TEST_F(OfferTest, ACpuWorkerOffersWhatCpusDo) {
  AddGpu(0, "a");
  request_.device = kCpuDevice;
  request_.slots = 2;
  const auto offer = Make();
  ASSERT_THAT(offer, IsOk());
  EXPECT_THAT(offer->backends, ElementsAre(kCpuMpi));
  ASSERT_THAT(offer->slots, SizeIs(2));
  EXPECT_EQ(offer->slots[0].gpu, "");
  EXPECT_EQ(offer->slots[0].memory_bytes, 2000);
  EXPECT_THAT(offer->gpus, SizeIs(1)) << "the node has it";
  request_.runner_backends = {kCudaMpi};
  EXPECT_THAT(Make(), Fails(kPrecondition,
                            "--device cpu: /bin/runner was built without it; it has cuda_mpi"));
}

TEST_F(OfferTest, AGpuWorkerHasASlotForEachVisibleGpu) {
  for (uint32_t i = 0; i < 3; ++i) AddGpu(i, "GPU-" + std::to_string(i));
  auto offer = Make();
  ASSERT_THAT(offer, IsOk());
  EXPECT_THAT(offer->backends, ElementsAre(kCudaNccl, kCudaMpi));
  EXPECT_THAT(offer->slots, SizeIs(3));
  request_.cuda_visible_devices = "2,GPU-0";
  offer = Make();
  ASSERT_THAT(offer, IsOk());
  ASSERT_THAT(offer->slots, SizeIs(2));
  EXPECT_EQ(offer->slots[0].gpu, "GPU-2");
  request_.slots = 1;
  offer = Make();
  ASSERT_THAT(offer, IsOk());
  EXPECT_THAT(offer->slots, SizeIs(1));
  ASSERT_THAT(offer->gpus, SizeIs(1)) << "the other one is nobody's";
  EXPECT_EQ(offer->gpus[0].uuid(), "GPU-2");
}

TEST_F(OfferTest, WhereRanksShareAGpuNcclIsNotOffered) {
  AddGpu(0, "a");
  AddGpu(1, "b");
  request_.slots = 3;
  auto offer = Make();
  ASSERT_THAT(offer, IsOk());
  EXPECT_THAT(offer->backends, ElementsAre(kCudaMpi));
  EXPECT_THAT(offer->slots, SizeIs(3));
  request_.runner_backends = {kCudaNccl};
  EXPECT_THAT(Make(), Fails(kPrecondition, "--slots 3 on 2 GPUs: only cuda_mpi lets ranks share"));
}

TEST_F(OfferTest, InstancesOfOneGpuShareIt) {
  AddGpu(0, "MIG-1");
  AddGpu(0, "MIG-2");
  const auto both = Make();
  ASSERT_THAT(both, IsOk());
  EXPECT_THAT(both->slots, SizeIs(2));
  EXPECT_THAT(both->backends, ElementsAre(kCudaMpi));
  request_.cuda_visible_devices = "MIG-2";
  const auto one = Make();
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->slots[0].gpu, "MIG-2");
  EXPECT_THAT(one->backends, ElementsAre(kCudaNccl, kCudaMpi));
}

TEST_F(OfferTest, RefusesWhatIsNotThere) {
  EXPECT_THAT(Make(),
              Fails(kPrecondition, "--device cuda: this node has no GPU: the driver shows no GPU"));
  AddGpu(0, "GPU-a");
  request_.cuda_visible_devices = "";
  EXPECT_THAT(Make(), Fails(kPrecondition, "CUDA_VISIBLE_DEVICES '' hides all 1 GPUs"));
  request_.cuda_visible_devices = "1";
  EXPECT_THAT(Make(), Fails(absl::StatusCode::kInvalidArgument, "'1' is no GPU"));
  request_.runner_backends = {kCpuMpi};
  EXPECT_THAT(Make(), Fails(kPrecondition,
                            "--device cuda: /bin/runner was built without it; it has cpu_mpi"));
}

}  // namespace
}  // namespace basisbench
