// SPDX-License-Identifier: Apache-2.0
// The files a SecurityOptions names, read and checked. Read once, at start; nothing here is kept.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/base/rpc/security.h"

namespace basisbench {

struct Secrets {
  std::string certificate;  // PEM; empty when none was named
  std::string key;
  std::string ca;
  std::string token;  // without surrounding white space; empty when none was named
};

// INVALID_ARGUMENT naming the file that cannot be read, is not PEM, whose key does not belong to
// its certificate, or whose token is empty or not printable ASCII.
absl::StatusOr<Secrets> LoadSecrets(const SecurityOptions& options);

}  // namespace basisbench
