// SPDX-License-Identifier: Apache-2.0
// The checks themselves, on shards made by hand. The conformance controls show that they reject
// what operators get wrong; here, that they say why.
#include "workers/operators/validation.h"

#include <cmath>

#include "tests/fakes/status_matchers.h"
#include "workers/collectives/local.h"
#include "workers/operators/operands.h"
#include "workers/operators/partition.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

// gate on one rank, with an output that is right.
struct GateCase {
  explicit GateCase(Distribution distribution)
      : op(**FindOperator("gate")), problem(Resolved()), operands(op, problem, distribution, 5) {
    for (int64_t i = 0; i < kRows; ++i) {
      for (int64_t j = 0; j < kCols; ++j)
        y.push_back(static_cast<float>(operands.At("x", i, j) * operands.At("w", i, j)));
    }
  }
  Problem Resolved() const {
    Problem one;
    one.shape = {kRows, kCols, kCols};
    return *op.Resolve(one);
  }
  Shard Output() {
    return {"y", Dtype::kF32, y.data(), kCols, IndicesOf({0, kRows}), IndicesOf({0, kCols})};
  }
  absl::StatusOr<ValidationReport> Check(decltype(&CheckProjection) check) {
    HostReader reader;
    absl::StatusOr<ValidationReport> report = absl::UnknownError("not run");
    const absl::Status ran = RunLocalRanks(1, [&](Communicator& communicator) {
      report = check(op, problem, operands, Output(), reader, communicator, {});
      return absl::OkStatus();
    });
    EXPECT_THAT(ran, IsOk());
    return report;
  }

  static constexpr int64_t kRows = 6, kCols = 10;
  const Operator& op;
  const Problem problem;
  const SeededOperands operands;
  std::vector<float> y;
};

// Many rows of an operator that rounds once: the largest of many small errors still passes.
TEST(Projection, PassesManyExactlyRoundedRowsInF64) {
  const Operator& op = **FindOperator("gate");
  Problem problem;
  problem.shape = {20000, 16, 16};
  problem.dtype = Dtype::kF64;
  problem = *op.Resolve(problem);
  const SeededOperands operands(op, problem, Distribution::kNormal, 5);
  std::vector<double> y;
  for (int64_t i = 0; i < problem.shape.tokens; ++i) {
    for (int64_t j = 0; j < 16; ++j) y.push_back(operands.At("x", i, j) * operands.At("w", i, j));
  }
  const Shard output{"y", Dtype::kF64, y.data(), 16, IndicesOf({0, 20000}), IndicesOf({0, 16})};
  EXPECT_THAT(RunLocalRanks(1,
                            [&](Communicator& communicator) {
                              HostReader reader;
                              const auto report =
                                  CheckProjection(op, problem, operands, output, reader,
                                                  communicator, {.vectors = 8});
                              EXPECT_TRUE(report->passed) << report->failure;
                              EXPECT_LT(report->residual, 3);
                              return report.status();
                            }),
              IsOk());
}

TEST(Projection, PassesARightOutputAndNamesTheRowOfAWrongOne) {
  GateCase gate(Distribution::kNormal);
  auto report = gate.Check(CheckProjection);
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->passed) << report->failure;
  EXPECT_LT(report->relative_error, 1e-6);
  gate.y[4 * GateCase::kCols + 3] *= 1.01f;
  report = gate.Check(CheckProjection);
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->passed);
  EXPECT_THAT(report->failure, testing::HasSubstr("row 4 of rank 0"));
}

TEST(Projection, ANumberThatIsNoneIsInfinitelyWrong) {
  GateCase gate(Distribution::kNormal);
  gate.y[7] = std::nanf("");
  const auto report = gate.Check(CheckProjection);
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->passed);
  EXPECT_TRUE(std::isinf(report->residual));
}

TEST(Exact, OneUnitInTheLastPlaceIsSeen) {
  GateCase gate(Distribution::kInteger);
  auto report = gate.Check(CheckExact);
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->passed) << report->failure;
  EXPECT_EQ(report->residual, 0);
  float& one = gate.y[11];
  one = std::nextafterf(one, 100);
  report = gate.Check(CheckExact);
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->passed);
}

TEST(Exact, IsSkippedForAReason) {
  const Operator& wht = **FindOperator("wht");
  Problem problem;
  problem.shape = {4, 32, 32};
  EXPECT_THAT(CanCheckExactly(wht, *wht.Resolve(problem)),
              Fails(absl::StatusCode::kUnimplemented, "1/sqrt(32) is irrational"));
  problem.shape = {4, 64, 64};
  EXPECT_THAT(CanCheckExactly(wht, *wht.Resolve(problem)), IsOk());
  const Operator& matmul = **FindOperator("matmul");
  problem.shape = {1, int64_t{1} << 23, 1};
  EXPECT_THAT(CanCheckExactly(matmul, *matmul.Resolve(problem)),
              Fails(absl::StatusCode::kUnimplemented, "not all representable in f32"));
}

TEST(Poison, ReachesTheShardAndNothingElse) {
  std::vector<double> data(12, 1.0);
  PoisonOutput({"y", Dtype::kF64, data.data() + 1, 4, IndicesOf({0, 3}), IndicesOf({0, 2})});
  for (size_t i = 0; i < data.size(); ++i) {
    const bool inside = i >= 1 && (i - 1) % 4 < 2 && (i - 1) / 4 < 3;
    EXPECT_EQ(std::isnan(data[i]), inside) << i;
  }
}

TEST(Coverage, NamesAnElementThatNobodyHolds) {
  const absl::Status status = RunLocalRanks(2, [&](Communicator& communicator) {
    // Rank 0 holds rows 0 and 1, rank 1 rows 2 and 3 but for the last column.
    const int64_t rank = communicator.rank();
    const Shard output{
        "y", Dtype::kF32, nullptr, 3, IndicesOf({2 * rank, 2}), IndicesOf({0, 3 - rank})};
    return CheckCoverage({"y", 4, 3}, output, communicator);
  });
  EXPECT_THAT(status, Fails(absl::StatusCode::kInternal, "row 2, column 2"));
}

TEST(TrafficCheck, SaysWhatWasCountedAndWhatWasDeclared) {
  TrafficTable declared = {}, before = {}, after = {};
  auto& all_to_all = declared[static_cast<size_t>(Collective::kAllToAll)];
  all_to_all = {.calls = 1, .bytes_sent = 100, .messages_sent = 2};
  before[static_cast<size_t>(Collective::kAllToAll)] = {.calls = 5, .bytes_sent = 7};
  after[static_cast<size_t>(Collective::kAllToAll)] = {
      .calls = 8, .bytes_sent = 307, .messages_sent = 6};
  EXPECT_THAT(CheckTraffic(declared, before, after, 3), IsOk());
  EXPECT_THAT(CheckTraffic(declared, before, after, 2),
              Fails(absl::StatusCode::kInternal, "all_to_all: counted 3 calls"));
  ++after[static_cast<size_t>(Collective::kBroadcast)].messages_sent;
  EXPECT_THAT(CheckTraffic(declared, before, after, 3),
              Fails(absl::StatusCode::kInternal, "broadcast"));
}

}  // namespace
}  // namespace basisbench
