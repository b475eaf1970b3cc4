// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/worker_registry.h"

#include <functional>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/base/backends.h"
#include "tests/fakes/fake_worker_link.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/catalogue_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

v1::Register RegistrationOf(const std::string& worker) {
  v1::Register registration;
  registration.set_worker(worker);
  registration.set_incarnation("i1");
  registration.set_address("127.0.0.1");
  registration.set_launch_port(4000);
  registration.set_slots(4);
  *registration.mutable_catalogue() = SmallCatalogue();
  return registration;
}

v1::Register Offering(const std::string& worker, const std::string& op) {
  v1::Register registration = RegistrationOf(worker);
  registration.clear_catalogue();
  *registration.mutable_catalogue()->add_operators() = OperatorOf(op, "channel", {"token"});
  return registration;
}

v1::Register WithGpus(const std::string& worker, const std::vector<std::string>& backends) {
  v1::Register registration = RegistrationOf(worker);
  *registration.mutable_catalogue()->mutable_backends() = {backends.begin(), backends.end()};
  registration.mutable_inventory()->set_memory_bytes(1000);
  for (const int64_t bytes : {70, 80})
    registration.mutable_inventory()->add_gpus()->set_memory_bytes(bytes);
  return registration;
}

TEST(ValidateRegistration, AcceptsWhatADaemonSends) {
  for (const char* address : {"10.0.0.7", "node-3.cluster.local", "fe80::1%eth0"}) {
    v1::Register registration = RegistrationOf(std::string(63, 'w'));
    registration.set_address(address);
    EXPECT_THAT(ValidateRegistration(registration), IsOk()) << address;
  }
}

TEST(ValidateRegistration, NamesTheFieldThatIsWrong) {
  struct Row {
    std::function<void(v1::Register&)> spoil;
    std::string message;
  };
  const std::vector<Row> rows = {
      {[](auto& r) { r.mutable_catalogue()->clear_backends(); },
       "register.catalogue.backends: is empty"},
      {[](auto& r) { r.mutable_catalogue()->add_backends("cuda_nccl"); },
       "register.catalogue.backends[1]: 'cuda_nccl' is of another device"},
      {[](auto& r) { r.clear_worker(); }, "register.worker: ''"},
      {[](auto& r) { r.set_worker("a b"); }, "register.worker: 'a b'"},
      {[](auto& r) { r.set_worker("a/../b"); }, "register.worker: 'a/../b'"},
      {[](auto& r) { r.set_worker("a\n"); }, "register.worker: 'a\\n'"},
      {[](auto& r) { r.set_worker(std::string(64, 'w')); }, "register.worker: 'wwww"},
      {[](auto& r) { r.clear_address(); }, "register.address: ''"},
      {[](auto& r) { r.set_address("h:4,evil"); }, "register.address: 'h:4,evil'"},
      {[](auto& r) { r.set_address("$(id)"); }, "register.address: '$(id)'"},
      {[](auto& r) { r.set_address("-host"); }, "register.address: '-host'"},
      {[](auto& r) { r.set_address(std::string(254, 'h')); }, "register.address: 'hhhh"},
      {[](auto& r) { r.set_slots(0); }, "register.slots: 0 is not in 1..65536"},
      {[](auto& r) { r.set_slots(65'537); }, "register.slots: 65537"},
      {[](auto& r) { r.set_launch_port(65'536); }, "register.launch_port"},
      {[](auto& r) { r.set_http_port(65'536); }, "http_port"},
      {[](auto& r) { r.clear_incarnation(); }, "register.incarnation: is empty"},
      {[](auto& r) { r.mutable_catalogue()->mutable_operators(0)->clear_shardings(); },
       "register.catalogue.operators[0] 'fnet': has no shardings"}};
  for (const Row& row : rows) {
    v1::Register registration = RegistrationOf("w1");
    row.spoil(registration);
    EXPECT_THAT(ValidateRegistration(registration), Fails(kInvalid, row.message));
  }
}

TEST(WorkerRegistry, TheCatalogueIsTheUnionOfThoseWhoAreThere) {
  WorkerRegistry registry;
  EXPECT_TRUE(registry.Put(Offering("w1", "a"), nullptr, kNow));
  EXPECT_TRUE(registry.Put(Offering("w2", "b"), nullptr, kNow));
  EXPECT_FALSE(registry.Put(Offering("w3", "b"), nullptr, kNow)) << "nothing new";
  EXPECT_THAT(registry.catalogue()->Names(), ElementsAre("a", "b"));
  registry.Remove("w2");
  EXPECT_THAT(registry.catalogue()->Names(), ElementsAre("a", "b")) << "w3 offers it still";
  registry.Remove("w3");
  EXPECT_THAT(registry.catalogue()->Names(), ElementsAre("a"));
  registry.Remove("w1");
  EXPECT_THAT(registry.catalogue()->Names(), ElementsAre("a")) << "what was seen last";
  EXPECT_TRUE(registry.Put(Offering("w4", "c"), nullptr, kNow));
  EXPECT_THAT(registry.catalogue()->Names(), ElementsAre("c"));
}

// The caller stores the catalogue when it has changed: also when a worker comes back with less.
TEST(WorkerRegistry, AWorkerThatComesBackWithAnotherCatalogueChangesTheUnion) {
  WorkerRegistry registry;
  registry.Put(Offering("w1", "a"), nullptr, kNow);
  registry.Put(Offering("w2", "b"), nullptr, kNow);
  EXPECT_TRUE(registry.Put(Offering("w1", "b"), nullptr, kNow));
  EXPECT_THAT(registry.catalogue()->Names(), ElementsAre("b"));
}

TEST(WorkerRegistry, ARestoredCatalogueServesUntilTheFirstWorker) {
  WorkerRegistry registry;
  registry.Restore(SmallCatalogue());
  EXPECT_THAT(registry.catalogue()->Names(), ElementsAre("fnet", "matmul", "monarch"));
  registry.Put(Offering("w1", "a"), nullptr, kNow);
  EXPECT_THAT(registry.catalogue()->Names(), ElementsAre("a"));
}

TEST(WorkerRegistry, ListsByNameInPages) {
  WorkerRegistry registry;
  const auto link = std::make_shared<FakeWorkerLink>();
  for (const char* name : {"w3", "w1", "w2"}) registry.Put(RegistrationOf(name), link, kNow);
  registry.Find("w2")->link = nullptr;
  registry.MarkDraining(*registry.Find("w3"));
  v1::ListWorkersRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  do {
    const auto page = registry.List(request, [](const std::string& name, v1::WorkerInfo& info) {
      info.set_slots_used(name == "w1" ? 3 : 0);
    });
    ASSERT_THAT(page, IsOk());
    EXPECT_LE(page->workers_size(), 2);
    for (const v1::WorkerInfo& info : page->workers()) {
      seen.push_back(absl::StrCat(info.name(), " ", v1::WorkerState_Name(info.state()), " ",
                                  info.slots_used(), "/", info.slots()));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(seen, ElementsAre("w1 WORKER_STATE_READY 3/4", "w2 WORKER_STATE_DISCONNECTED 0/4",
                                "w3 WORKER_STATE_DRAINING 0/4"));
  request.set_page_size(1001);
  EXPECT_THAT(registry.List(request, [](const std::string&, v1::WorkerInfo&) {}),
              Fails(kInvalid, "page_size: 1001 is more than 1000"));
}

TEST(WorkerRegistry, QuestionsGoRoundThoseWhoAreReady) {
  WorkerRegistry registry;
  EXPECT_EQ(registry.View(kCpuMpi).checker.link, nullptr);
  const auto link = std::make_shared<FakeWorkerLink>();
  for (const char* name : {"w1", "w2", "w3", "w4"}) registry.Put(RegistrationOf(name), link, kNow);
  registry.Find("w2")->link = nullptr;
  registry.MarkDraining(*registry.Find("w3"));
  std::vector<std::string> asked;
  for (int i = 0; i < 4; ++i) asked.push_back(registry.View(kCpuMpi).checker.worker);
  EXPECT_THAT(asked, ElementsAre("w1", "w4", "w1", "w4"));
  EXPECT_EQ(registry.View(kCpuMpi).checker.build, "build-1");
  EXPECT_EQ(registry.View(kCpuMpi).workers->size(), 3u) << "a leaving worker is no capacity";
}

TEST(WorkerRegistry, AReplacedWorkerIsWhatItSaidLast) {
  WorkerRegistry registry;
  registry.Put(RegistrationOf("w1"), nullptr, kNow);
  registry.MarkDraining(*registry.Find("w1"));
  v1::Register again = RegistrationOf("w1");
  again.set_slots(9);
  again.add_attempts("a1");
  registry.Put(again, std::make_shared<FakeWorkerLink>(), kNow);
  ASSERT_NE(registry.Find("w1"), nullptr);
  EXPECT_TRUE(registry.Find("w1")->Ready());
  EXPECT_EQ(registry.Find("w1")->registration.slots(), 9u);
  EXPECT_EQ(registry.View(kCpuMpi).workers->at(0).slots, 9u);
  registry.Remove("w1");
  EXPECT_EQ(registry.Find("w1"), nullptr);
  registry.Remove("w1");
}

TEST(WorkerRegistry, AViewIsOfTheWorkersThatOfferTheBackend) {
  WorkerRegistry registry;
  const auto link = std::make_shared<FakeWorkerLink>();
  registry.Put(RegistrationOf("cpu"), link, kNow);
  registry.Put(WithGpus("shared", {"cuda_mpi"}), link, kNow);
  registry.Put(WithGpus("whole", {"cuda_nccl", "cuda_mpi"}), link, kNow);
  const ClusterView nccl = registry.View("cuda_nccl");
  EXPECT_THAT(nccl.backends, ElementsAre("cpu_mpi", "cuda_mpi", "cuda_nccl"));
  ASSERT_EQ(nccl.workers->size(), 1u);
  EXPECT_EQ(nccl.workers->at(0).memory_bytes, 150) << "of its GPUs, not of its node";
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(registry.View("cuda_nccl").checker.worker, "whole") << "who has it is asked about it";
  EXPECT_EQ(registry.View("cuda_mpi").workers->size(), 2u);
  EXPECT_EQ(registry.View("cpu_mpi").workers->at(0).memory_bytes, 0);
  EXPECT_TRUE(registry.View("abacus").workers->empty());
  EXPECT_EQ(registry.View("abacus").checker.link, nullptr);
  registry.MarkDraining(*registry.Find("whole"));
  EXPECT_THAT(registry.View("cuda_nccl").backends, ElementsAre("cpu_mpi", "cuda_mpi"));
  const auto page = registry.List({}, [](const std::string&, v1::WorkerInfo&) {});
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(page->workers(2).backends(), ElementsAre("cuda_nccl", "cuda_mpi"));
}

}  // namespace
}  // namespace basisbench
