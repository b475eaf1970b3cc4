// SPDX-License-Identifier: Apache-2.0
#include "services/base/status_macros.h"

#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/base/clock.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

absl::Status Pass(absl::Status status, int* reached) {
  BB_RETURN_IF_ERROR(status);
  ++*reached;
  return absl::OkStatus();
}

TEST(ReturnIfError, LeavesWithTheErrorAndGoesOnWithoutOne) {
  int reached = 0;
  EXPECT_THAT(Pass(absl::InternalError("why"), &reached),
              Fails(absl::StatusCode::kInternal, "why"));
  EXPECT_EQ(reached, 0);
  EXPECT_THAT(Pass(absl::OkStatus(), &reached), IsOk());
  EXPECT_EQ(reached, 1);
}

TEST(ReturnIfError, IsOneStatement) {
  const auto choose = [](bool first) -> absl::Status {
    if (first)
      BB_RETURN_IF_ERROR(absl::InternalError("first"));
    else
      BB_RETURN_IF_ERROR(absl::InternalError("second"));
    return absl::OkStatus();
  };
  EXPECT_THAT(choose(true), Fails(absl::StatusCode::kInternal, "first"));
  EXPECT_THAT(choose(false), Fails(absl::StatusCode::kInternal, "second"));
}

TEST(ReturnIfError, EvaluatesItsExpressionOnce) {
  int calls = 0;
  const auto count = [&calls] {
    ++calls;
    return absl::InternalError("once");
  };
  const auto run = [&]() -> absl::Status {
    BB_RETURN_IF_ERROR(count());
    return absl::OkStatus();
  };
  EXPECT_FALSE(run().ok());
  EXPECT_EQ(calls, 1);
}

absl::StatusOr<std::unique_ptr<int>> Make(int value) {
  if (value < 0) return absl::InvalidArgumentError("negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Sum(int a, int b) {
  BB_ASSIGN_OR_RETURN(const std::unique_ptr<int> first, Make(a));
  std::unique_ptr<int> second;
  BB_ASSIGN_OR_RETURN(second, Make(b));
  return *first + *second;
}

TEST(AssignOrReturn, MovesTheValueOutOrLeavesWithTheError) {
  EXPECT_EQ(*Sum(2, 3), 5);
  EXPECT_THAT(Sum(-1, 3), Fails(absl::StatusCode::kInvalidArgument, "negative"));
  EXPECT_THAT(Sum(2, -1), Fails(absl::StatusCode::kInvalidArgument, "negative"));
}

TEST(SystemClock, IsTheWallClock) {
  const absl::Time before = absl::Now();
  const absl::Time read = SystemClock().Now();
  EXPECT_LE(before, read);
  EXPECT_LE(read, absl::Now());
}

}  // namespace
}  // namespace basisbench
