// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/launch_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// Lengths in front of the texts, so that no two grants share a signed string.
std::string Signature(const std::string& secret, const LaunchGrant& grant, int64_t expiry_ms) {
  const std::string text =
      absl::StrCat(grant.attempt_id.size(), ":", grant.attempt_id, "|", grant.worker.size(), ":",
                   grant.worker, "|", expiry_ms, "|", grant.nonce);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &length);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), length));
}

}  // namespace

absl::StatusOr<std::string> MakeNonce() {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1)
    return absl::InternalError("the random generator of OpenSSL failed");
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
}

std::string SignLaunchToken(const std::string& secret, const LaunchGrant& grant) {
  const int64_t expiry_ms = absl::ToUnixMillis(grant.expiry);
  return absl::StrCat(expiry_ms, ".", grant.nonce, ".", Signature(secret, grant, expiry_ms));
}

absl::Status LaunchTokenVerifier::Accept(const std::string& token, absl::Time now) {
  if (token.size() > 512) return absl::PermissionDeniedError("launch token: malformed");
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  int64_t expiry_ms = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &expiry_ms) || parts[1].empty()) {
    return absl::PermissionDeniedError("launch token: malformed");
  }
  const std::string expected = Signature(
      secret_, {attempt_id_, worker_, absl::FromUnixMillis(expiry_ms), parts[1]}, expiry_ms);
  const bool same = parts[2].size() == expected.size() &&
                    CRYPTO_memcmp(parts[2].data(), expected.data(), expected.size()) == 0;
  if (!same || secret_.empty()) return absl::PermissionDeniedError("launch token: wrong signature");
  if (now >= absl::FromUnixMillis(expiry_ms))
    return absl::PermissionDeniedError("launch token: expired");
  if (!used_.insert(parts[1]).second)
    return absl::PermissionDeniedError("launch token: used before");
  return absl::OkStatus();
}

}  // namespace basisbench
