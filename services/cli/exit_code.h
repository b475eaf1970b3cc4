// SPDX-License-Identifier: Apache-2.0
// What the shell sees. Documented in --help and docs/cli.md; scripts depend on the numbers.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/cord.h"

namespace basisbench {

enum ExitCode : int {
  kExitOk = 0,
  kExitJobFailed = 1,  // the job failed, or any error without a code of its own
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitInvalidSpec = 4,
  kExitUnavailable = 5,  // the coordinator cannot be reached, does not let us in, or took too long
  kExitJobCancelled = 6,
  kExitRegression = 7,          // `compare --fail-on`
  kExitVerificationFailed = 8,  // a case computed a wrong result
  kExitInterrupted = 130,
};

inline constexpr char kExitCodeHelp[] =
    "Exit codes: 0 ok, 1 job failed, 2 usage, 3 not found, 4 invalid spec, 5 coordinator "
    "unavailable or timeout,\n"
    "6 job cancelled, 7 regression found, 8 verification failed, 130 interrupted (the job keeps "
    "running).";

inline constexpr char kUsagePayload[] = "basisbench/usage";

// Marks an error as one of the command line, whatever its code.
inline absl::Status AsUsage(absl::Status status) {
  status.SetPayload(kUsagePayload, absl::Cord());
  return status;
}

// The code of a call that failed.
inline int ExitCodeFor(const absl::Status& status) {
  if (status.GetPayload(kUsagePayload)) return kExitUsage;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitInvalidSpec;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
      return kExitUnavailable;
    default:
      return kExitJobFailed;
  }
}

}  // namespace basisbench
