// SPDX-License-Identifier: Apache-2.0
// Matchers for absl::Status and absl::StatusOr, which Debian's abseil does not have:
//   ASSERT_THAT(store, IsOk());
//   EXPECT_THAT(CompleteSpec(spec), Fails(absl::StatusCode::kInvalidArgument, "spec.ranks[1]: 0"));
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"

namespace basisbench {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

// `part` stands somewhere in the message.
MATCHER_P2(Fails, code, part,
           "fails with " + absl::StatusCodeToString(code) + " saying '" + std::string(part) + "'") {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status.ToString();
  return status.code() == code && absl::StrContains(status.message(), std::string(part));
}

}  // namespace basisbench
