// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/check.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/runner/convert.h"
#include "workers/runner/framing.h"

namespace basisbench {
namespace {

using testing::HasSubstr;

v1::Case MatMulCase() {
  v1::Case spec;
  spec.set_index(7);
  spec.mutable_operator_()->set_name("matmul");
  spec.mutable_shape()->set_tokens(64);
  spec.mutable_shape()->set_d_in(32);
  spec.set_ranks(2);
  spec.set_sharding("column");
  return spec;
}

v1::CheckedCase CheckOne(const v1::Case& spec) {
  v1::CheckRequest request;
  *request.add_cases() = spec;
  return CheckCases(request).cases(0);
}

// Both ends of a stream; what is written to `near` is read at `far`.
struct Stream {
  Stream() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) abort();
    near = ends[0];
    far = ends[1];
  }
  ~Stream() {
    close(near);
    close(far);
  }
  int near, far;
};

TEST(Check, ACaseThatCanRunGetsItsCostAndItsDefaults) {
  const v1::CheckedCase checked = CheckOne(MatMulCase());
  EXPECT_EQ(checked.index(), 7u);
  EXPECT_EQ(checked.refusal(), "");
  EXPECT_EQ(checked.cost().flops_executed(), 2.0 * 64 * 32 * 32);
  EXPECT_EQ(checked.resolved().shape().d_out(), 32);
  EXPECT_EQ(checked.resolved().dtype(), "f32");
  EXPECT_EQ(checked.resolved().backend(), "cpu_mpi");
}

TEST(Check, RefusalsNameTheThingAndTheValue) {
  struct Refusal {
    void (*spoil)(v1::Case&);
    const char* says;
  };
  const Refusal refusals[] = {
      {[](v1::Case& c) { c.mutable_operator_()->set_name("fwht"); }, "no operator 'fwht'"},
      {[](v1::Case& c) { c.set_dtype("f8"); }, "f8"},
      {[](v1::Case& c) { c.set_sharding("diagonal"); }, "diagonal"},
      {[](v1::Case& c) { c.set_cache("lukewarm"); }, "lukewarm"},
      {[](v1::Case& c) { c.set_input("cauchy"); }, "cauchy"},
      {[](v1::Case& c) { c.set_backend("abacus"); }, "abacus"},
      {[](v1::Case& c) { c.set_direction("sideways"); }, "sideways"},
      {[](v1::Case& c) { c.set_ranks(0); }, "ranks is 0"},
      {[](v1::Case& c) { c.set_ranks(4'000'000'000u); }, "ranks is 4000000000"},
      {[](v1::Case& c) { c.mutable_shape()->set_tokens(-3); }, "shape.tokens is -3"},
      {[](v1::Case& c) { c.mutable_shape()->set_d_in(int64_t{1} << 62); }, "shape.d_in is"},
      {[](v1::Case& c) {
         c.mutable_shape()->set_tokens(1 << 30);
         c.mutable_shape()->set_d_in(1 << 30);
       },
       "elements"}};
  for (const Refusal& refusal : refusals) {
    v1::Case spec = MatMulCase();
    refusal.spoil(spec);
    EXPECT_THAT(CheckOne(spec).refusal(), HasSubstr(refusal.says));
  }
}

TEST(Check, AnOpenShardingIsCheckedForTheOneThatNeedsMostAndTellsOfAll) {
  v1::Case open = MatMulCase();
  open.set_sharding("auto");
  const v1::CheckedCase checked = CheckOne(open);
  EXPECT_EQ(checked.refusal(), "");
  EXPECT_EQ(checked.resolved().sharding(), "auto");
  EXPECT_EQ(checked.resolved().shape().d_out(), 32);
  int64_t most = 0;
  ASSERT_GT(checked.sharding_choices_size(), 1);
  for (const v1::ShardingChoice& choice : checked.sharding_choices()) {
    v1::Case named = MatMulCase();
    named.set_sharding(choice.sharding());
    const v1::CheckedCase alone = CheckOne(named);
    EXPECT_EQ(choice.refusal(), alone.refusal());
    EXPECT_FALSE(choice.has_predicted_seconds()) << "no roof is known";
    most = std::max(most, alone.cost().bytes_per_rank());
  }
  EXPECT_EQ(checked.cost().bytes_per_rank(), most);
  EXPECT_EQ(CheckOne(MatMulCase()).sharding_choices_size(), 0);
  open.mutable_operator_()->set_name("wht");
  open.mutable_shape()->set_d_in(48);
  EXPECT_THAT(CheckOne(open).refusal(), HasSubstr("48"));
}

TEST(Check, TheCatalogueListsEveryOperatorWithItsShardings) {
  const v1::OperatorCatalogue catalogue = Describe();
  ASSERT_GT(catalogue.operators_size(), 0);
  for (const v1::OperatorInfo& info : catalogue.operators()) {
    if (info.name().rfind("test_", 0) == 0) continue;
    EXPECT_GT(info.shardings_size(), 0) << info.name();
    EXPECT_FALSE(info.formula().empty()) << info.name();
  }
  EXPECT_EQ(catalogue.backends(0), "cpu_mpi");
}

TEST(Check, RandomBytesAreAnErrorAndNotACrash) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::string bytes(random() % 300, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    Stream in, out;
    ASSERT_TRUE(WriteAll(in.near, bytes.data(), bytes.size()).ok());
    shutdown(in.near, SHUT_WR);
    const absl::Status status = CheckOnce(in.far, out.near);
    EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  }
}

TEST(Check, AWarmProcessAnswersRequestAfterRequest) {
  Stream stream;
  std::thread server([&stream] { EXPECT_TRUE(ServeChecks(stream.far, stream.far).ok()); });
  v1::CheckRequest request;
  *request.add_cases() = MatMulCase();
  for (const std::string& frame : {request.SerializeAsString(), std::string("\xff\xff garbage"),
                                   request.SerializeAsString()}) {
    ASSERT_TRUE(WriteFrame(stream.near, frame).ok());
    const auto answer = ReadFrame(stream.near, 30'000);
    ASSERT_TRUE(answer.ok() && *answer) << answer.status();
    v1::CheckReply reply;
    ASSERT_TRUE(reply.ParseFromString(**answer));
    EXPECT_EQ(reply.cases_size(), frame[0] == '\xff' ? 0 : 1);
  }
  shutdown(stream.near, SHUT_WR);
  server.join();
}

TEST(Check, ALengthAboveTheLimitEndsTheStream) {
  Stream stream;
  ASSERT_TRUE(WriteAll(stream.near, "\xff\xff\xff\xff", 4).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(ServeChecks(stream.far, stream.far)));
}

TEST(Framing, AStreamThatEndsInsideAFrameIsDataLoss) {
  Stream stream;
  ASSERT_TRUE(WriteAll(stream.near, std::string("\x09\0\0\0abc", 7).data(), 7).ok());
  shutdown(stream.near, SHUT_WR);
  EXPECT_TRUE(absl::IsDataLoss(ReadFrame(stream.far).status()));
}

TEST(ReproduceCommand, NamesABackendOfGpus) {
  v1::Case spec;
  for (const char* backend : {"cpu_mpi", "cpu_local"}) {
    spec.set_backend(backend);
    EXPECT_THAT(ReproduceCommand(spec), testing::Not(testing::HasSubstr("--backend")));
  }
  spec.set_backend("cuda_mpi");
  EXPECT_THAT(ReproduceCommand(spec), testing::HasSubstr(" --backend cuda_mpi"));
}

}  // namespace
}  // namespace basisbench
