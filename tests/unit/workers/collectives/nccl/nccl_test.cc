// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/nccl/nccl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_cuda.h"
#include "tests/fakes/fake_nccl.h"
#include "tests/fakes/ordered_nccl.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/collectives/collective_checks.h"
#include "workers/collectives/local.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

// One rank with its libraries; events are ready when the fake has moved everything.
struct Rank {
  explicit Rank(Communicator& given) : wire(given), nccl(given) {
    cuda.state.is_ready = [this] { return !hangs && nccl.IsDone(); };
  }
  absl::StatusOr<std::unique_ptr<Communicator>> Make(const Clock& clock,
                                                     absl::Duration deadline = absl::Seconds(60)) {
    return MakeNcclCommunicator({wire.rank(), wire.size(), deadline}, BootstrapOver(wire),
                                {nccl, cuda.runtime, clock});
  }

  Communicator& wire;
  FakeNccl nccl;
  FakeCuda cuda;
  bool hangs = false;
};

class NcclRanks : public testing::TestWithParam<int> {};

TEST_P(NcclRanks, EveryCollectiveMeetsItsDefinitionAndItsDeclaredTraffic) {
  const absl::Status status = RunLocalRanks(GetParam(), [](Communicator& wire) -> absl::Status {
    Rank rank(wire);
    const SystemClock clock;
    {
      BB_ASSIGN_OR_RETURN(const auto communicator, rank.Make(clock));
      EXPECT_EQ(communicator->backend(), "nccl");
      BB_RETURN_IF_ERROR(checks::CheckEverything(*communicator));
    }
    EXPECT_EQ(rank.nccl.alive, 0);
    EXPECT_EQ(rank.nccl.aborted, 0);
    EXPECT_EQ(rank.nccl.calls["GroupStart"], rank.nccl.calls["GroupEnd"]);
    EXPECT_GT(rank.nccl.calls["AllGather"], 0);
    for (const auto& [kind, count] : rank.cuda.state.alive) EXPECT_EQ(count, 0) << kind;
    return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

INSTANTIATE_TEST_SUITE_P(OneToFour, NcclRanks, testing::Values(1, 2, 3, 4));

// With a single rank nothing else has to come, so failures can be arranged.
void WithOneRank(const std::function<void(Rank&, FakeClock&)>& body) {
  EXPECT_THAT(RunLocalRanks(1,
                            [&](Communicator& wire) {
                              Rank rank(wire);
                              FakeClock clock;
                              body(rank, clock);
                              return absl::OkStatus();
                            }),
              IsOk());
}

// Time passes whenever somebody looks whether something is ready.
void Hang(Rank& rank, FakeClock& clock) {
  rank.cuda.state.is_ready = [&clock] {
    clock.Advance(absl::Seconds(1));
    return false;
  };
}

TEST(Nccl, AHangEndsAtTheDeadlineAndAbortsTheCommunicator) {
  WithOneRank([](Rank& rank, FakeClock& clock) {
    {
      auto communicator = rank.Make(clock, absl::Seconds(30));
      ASSERT_THAT(communicator, IsOk());
      Hang(rank, clock);
      const absl::Time start = clock.Now();
      float data[4] = {};
      EXPECT_THAT(
          (*communicator)->AllReduce(Dtype::kF32, data, 4),
          Fails(absl::StatusCode::kDeadlineExceeded, "all_reduce did not finish within 30s"));
      EXPECT_EQ(clock.Now() - start, absl::Seconds(30));
      EXPECT_EQ(rank.nccl.aborted, 1);
      EXPECT_THAT((*communicator)->Barrier(),
                  Fails(absl::StatusCode::kFailedPrecondition, "all_reduce did not finish"));
    }
    EXPECT_EQ(rank.nccl.alive, 0);
    EXPECT_EQ(rank.nccl.calls["CommFinalize"], 0) << "it would wait for the others";
    for (const auto& [kind, count] : rank.cuda.state.alive) EXPECT_EQ(count, 0) << kind;
  });
}

TEST(Nccl, APendingExchangeThatHangsIsAbortedWhenItIsDestroyed) {
  WithOneRank([](Rank& rank, FakeClock& clock) {
    auto communicator = rank.Make(clock, absl::Seconds(5));
    ASSERT_THAT(communicator, IsOk());
    Hang(rank, clock);
    float data[2] = {};
    { auto pending = (*communicator)->StartSendRecv(Dtype::kF32, data, 1, 0, data + 1, 1, 0); }
    EXPECT_EQ(rank.nccl.aborted, 1);
  });
}

TEST(Nccl, AWorldThatIsNeverMadeIsGivenUp) {
  WithOneRank([](Rank& rank, FakeClock&) {
    // The clock moves by itself while the library says "in progress".
    class RunningClock : public Clock {
     public:
      absl::Time Now() const override { return now_ += absl::Seconds(1); }

     private:
      mutable absl::Time now_ = absl::UnixEpoch();
    };
    const RunningClock clock;
    rank.nccl.never_made = true;
    EXPECT_THAT(rank.Make(clock),
                Fails(absl::StatusCode::kDeadlineExceeded, "making an NCCL communicator"));
    EXPECT_EQ(rank.nccl.alive, 0);
    EXPECT_EQ(rank.nccl.aborted, 1);
    EXPECT_EQ(rank.cuda.state.LeftAlive(), 0);
  });
}

TEST(Nccl, FailuresReportedLaterEndTheWait) {
  WithOneRank([](Rank& rank, FakeClock& clock) {
    auto communicator = rank.Make(clock);
    ASSERT_THAT(communicator, IsOk());
    rank.hangs = true;
    rank.nccl.async = ncclRemoteError;
    float data[4] = {};
    EXPECT_THAT((*communicator)->AllReduce(Dtype::kF32, data, 4),
                Fails(absl::StatusCode::kAborted, "(as told): by the test"));
    EXPECT_EQ(rank.nccl.aborted, 1);
  });
}

TEST(Nccl, AFailedCallInAGroupEndsTheGroup) {
  WithOneRank([](Rank& rank, FakeClock& clock) {
    auto communicator = rank.Make(clock);
    ASSERT_THAT(communicator, IsOk());
    rank.nccl.fail_once["GroupEnd"] = ncclUnhandledCudaError;
    float data[4] = {};
    const Piece piece{0, 4};
    EXPECT_THAT((*communicator)->AllToAll(Dtype::kF32, data, {&piece, 1}, data, {&piece, 1}),
                Fails(absl::StatusCode::kInternal, "ncclGroupEnd returned 1"));
    EXPECT_EQ(rank.nccl.calls["GroupStart"], rank.nccl.calls["GroupEnd"]);
  });
}

TEST(Nccl, WrongArgumentsBreakNothing) {
  WithOneRank([](Rank& rank, FakeClock& clock) {
    auto communicator = rank.Make(clock);
    ASSERT_THAT(communicator, IsOk());
    EXPECT_THAT((*communicator)->AllReduce(Dtype::kF32, nullptr, -1),
                Fails(absl::StatusCode::kInvalidArgument, "-1"));
    EXPECT_THAT((*communicator)->Broadcast(Dtype::kF32, nullptr, 1, 3),
                Fails(absl::StatusCode::kInvalidArgument, "root is 3"));
    EXPECT_THAT((*communicator)->Split(-2, 0), Fails(absl::StatusCode::kInvalidArgument, "-2"));
    EXPECT_THAT((*communicator)->Barrier(), IsOk());
  });
}

TEST(Nccl, AllRanksLearnThatRankZeroHasNoId) {
  const absl::Status status = RunLocalRanks(3, [](Communicator& wire) -> absl::Status {
    Rank rank(wire);
    const SystemClock clock;
    rank.nccl.fail_once["GetUniqueId"] = ncclSystemError;
    EXPECT_THAT(rank.Make(clock), Fails(absl::StatusCode::kAborted, "ncclGetUniqueId on rank 0"));
    return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST(Nccl, ABootstrapThatFailsMakesNothing) {
  WithOneRank([](Rank& rank, FakeClock& clock) {
    const auto failing = [](absl::Span<std::byte>) { return absl::UnavailableError("no MPI"); };
    EXPECT_THAT(MakeNcclCommunicator({}, failing, {rank.nccl, rank.cuda.runtime, clock}),
                Fails(absl::StatusCode::kUnavailable, "no MPI"));
    EXPECT_EQ(rank.nccl.calls["CommInitRankConfig"], 0);
    EXPECT_EQ(rank.cuda.state.LeftAlive(), 0);
  });
}

// Ranks of a world whose streams are strictly ordered.
absl::Status WithOrderedRanks(int ranks, const std::function<absl::Status(Communicator&)>& body) {
  OrderedStreams streams(ranks);
  return RunLocalRanks(ranks, [&](Communicator& wire) -> absl::Status {
    FakeCudaState state;
    OrderedCuda cuda(state, streams, wire.rank());
    OrderedNccl nccl(streams, wire);
    const SystemClock clock;
    BB_ASSIGN_OR_RETURN(const auto world,
                        MakeNcclCommunicator({.rank = wire.rank(), .size = wire.size()},
                                             BootstrapOver(wire), {nccl, cuda, clock}));
    return body(*world);
  });
}

class OrderedRanks : public testing::TestWithParam<int> {};

TEST_P(OrderedRanks, CollectivesMeetTheirDefinitions) {
  EXPECT_THAT(WithOrderedRanks(GetParam(), checks::CheckEverything), IsOk());
}

// Every rank's number to every other one; all receives are started before all sends.
absl::Status TellEachOther(Communicator& world) {
  const int ranks = world.size(), own = world.rank();
  const float mine = static_cast<float>(own);
  std::vector<float> got(static_cast<size_t>(ranks), mine);
  std::vector<std::unique_ptr<Pending>> started;
  for (const bool sends : {false, true}) {
    for (int peer = 0; peer < ranks; ++peer) {
      if (peer == own) continue;
      float* place = &got[static_cast<size_t>(peer)];
      BB_ASSIGN_OR_RETURN(auto pending,
                          world.StartSendRecv(Dtype::kF32, &mine, 1, sends ? peer : -1, place, 1,
                                              sends ? -1 : peer));
      started.push_back(std::move(pending));
    }
  }
  for (const auto& pending : started) BB_RETURN_IF_ERROR(pending->Wait());
  for (int peer = 0; peer < ranks; ++peer)
    EXPECT_EQ(got[static_cast<size_t>(peer)], static_cast<float>(peer));
  return absl::OkStatus();
}

TEST_P(OrderedRanks, ExchangesMayBeStartedInAnyOrder) {
  EXPECT_THAT(WithOrderedRanks(GetParam(), TellEachOther), IsOk());
}

INSTANTIATE_TEST_SUITE_P(OneToEight, OrderedRanks, testing::Values(1, 2, 3, 4, 8));

// That such streams show what they are for.
TEST(OrderedStreams, OneAfterTheOtherReceivesBeforeSendsWaitForEver) {
  OrderedStreams streams(2);
  for (int rank = 0; rank < 2; ++rank) {
    OrderedStreams::Member receive;
    receive.kind = OrderedStreams::Kind::kRecv;
    receive.peer = 1 - rank;
    OrderedStreams::Member send = receive;
    send.kind = OrderedStreams::Kind::kSend;
    EXPECT_EQ(streams.Push(rank, {receive}), 1);
    EXPECT_EQ(streams.Push(rank, {send}), 2);
  }
  streams.Leave();  // rank 1 asks no more
  while (!streams.is_stuck()) ASSERT_FALSE(streams.IsDone(0, 1));
}

}  // namespace
}  // namespace basisbench
