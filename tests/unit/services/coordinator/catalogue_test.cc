// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/catalogue.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/catalogue_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;

TEST(Catalogue, IsTheUnionSortedByName) {
  Catalogue catalogue;
  MergeInto(catalogue, SmallCatalogue());
  v1::OperatorCatalogue other;
  *other.add_operators() = OperatorOf("zip", "channel", {"token"});
  *other.add_operators() = OperatorOf("block", "channel", {"token"});
  *other.add_operators() = OperatorOf("fnet", "token", {"row"});
  other.add_backends("cpu_mpi");
  other.add_backends("cpu_local");
  MergeInto(catalogue, other);
  EXPECT_THAT(catalogue.Names(), ElementsAre("block", "fnet", "matmul", "monarch", "zip"));
  EXPECT_THAT(catalogue.backends, ElementsAre("cpu_mpi", "cpu_local"));
  ASSERT_NE(catalogue.Find("fnet"), nullptr);
  EXPECT_EQ(catalogue.Find("fnet")->axis(), "token") << "what was added last describes it";
  EXPECT_EQ(catalogue.Find("fne"), nullptr);
  EXPECT_EQ(catalogue.Find("zzz"), nullptr);
}

TEST(ValidateCatalogue, NamesWhatCannotBeUsed) {
  EXPECT_THAT(ValidateCatalogue(SmallCatalogue()), IsOk());
  EXPECT_THAT(ValidateCatalogue({}), IsOk());
  struct Row {
    std::function<void(v1::OperatorInfo&)> spoil;
    std::string message;
  };
  const std::vector<Row> rows = {
      {[](auto& op) { op.clear_name(); }, "catalogue.operators[1] '': name is empty"},
      {[](auto& op) { op.set_name("fnet"); }, "catalogue.operators[1] 'fnet': is there twice"},
      {[](auto& op) { op.clear_shardings(); }, "[1] 'matmul': has no shardings"},
      {[](auto& op) { op.clear_dtypes(); }, "[1] 'matmul': has no dtypes"},
      {[](auto& op) { op.clear_directions(); }, "[1] 'matmul': has no directions"},
      {[](auto& op) { op.set_axis("time"); }, "[1] 'matmul': axis 'time' is not known"},
      {[](auto& op) { op.clear_axis(); }, "axis '' is not known"}};
  for (const Row& row : rows) {
    v1::OperatorCatalogue catalogue = SmallCatalogue();
    row.spoil(*catalogue.mutable_operators(1));
    EXPECT_THAT(ValidateCatalogue(catalogue),
                Fails(absl::StatusCode::kInvalidArgument, row.message));
  }
}

TEST(ValidateBackends, AWorkerOffersBackendsOfOneDevice) {
  const auto check = [](const std::vector<std::string>& backends) {
    v1::OperatorCatalogue catalogue;
    *catalogue.mutable_backends() = {backends.begin(), backends.end()};
    return ValidateBackends(catalogue);
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(check({"cpu_mpi"}), IsOk());
  EXPECT_THAT(check({"cuda_nccl", "cuda_mpi"}), IsOk());
  EXPECT_THAT(check({}), Fails(kInvalid, "catalogue.backends: is empty"));
  EXPECT_THAT(check({"cpu_mpi", ""}), Fails(kInvalid, "backends[1]: '' is not 1 to 64"));
  EXPECT_THAT(check({std::string(65, 'b')}), Fails(kInvalid, "is not 1 to 64"));
  EXPECT_THAT(check({"cpu_mpi", "cpu_mpi"}), Fails(kInvalid, "'cpu_mpi' is there twice"));
  EXPECT_THAT(check({"cuda_mpi", "cpu_mpi"}),
              Fails(kInvalid, "backends[1]: 'cpu_mpi' is of another device than 'cuda_mpi'"));
}

}  // namespace
}  // namespace basisbench
