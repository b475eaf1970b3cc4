// SPDX-License-Identifier: Apache-2.0
// Permission to start Open MPI's daemon for one attempt on one worker: "expiry.nonce.signature",
// where the signature is HMAC-SHA256 over attempt, worker, expiry and nonce with the attempt's
// secret. Good for one use until its expiry.
#pragma once

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace basisbench {

// What a token is bound to.
struct LaunchGrant {
  std::string attempt_id;
  std::string worker;
  absl::Time expiry;
  std::string nonce;  // hexadecimal
};

// 16 random bytes as hexadecimal digits.
absl::StatusOr<std::string> MakeNonce();

std::string SignLaunchToken(const std::string& secret, const LaunchGrant& grant);

// One per prepared attempt; remembers the nonces it has accepted. The owner serialises calls.
class LaunchTokenVerifier {
 public:
  LaunchTokenVerifier(std::string secret, std::string attempt_id, std::string worker)
      : secret_(std::move(secret)),
        attempt_id_(std::move(attempt_id)),
        worker_(std::move(worker)) {}

  // PERMISSION_DENIED when the token is malformed, signed for something else, expired or used
  // before. The message never says more than that.
  absl::Status Accept(const std::string& token, absl::Time now);

 private:
  const std::string secret_;
  const std::string attempt_id_;
  const std::string worker_;
  std::set<std::string> used_;
};

}  // namespace basisbench
