// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/launch_token.h"

#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class LaunchTokenTest : public testing::Test {
 protected:
  std::string TokenFor(const LaunchGrant& grant) const { return SignLaunchToken(secret_, grant); }
  LaunchGrant Good() const { return {"attempt-1", "w1", kNow + absl::Seconds(30), "00ff"}; }

  const std::string secret_ = std::string("\0secret", 7) + std::string(25, 'x');
  LaunchTokenVerifier verifier_{secret_, "attempt-1", "w1"};
};

TEST_F(LaunchTokenTest, AGoodTokenIsGoodOnce) {
  const std::string token = TokenFor(Good());
  EXPECT_THAT(verifier_.Accept(token, kNow), IsOk());
  EXPECT_THAT(verifier_.Accept(token, kNow), Fails(kDenied, "used before"));
  LaunchGrant other = Good();
  other.nonce = "00fe";
  EXPECT_THAT(verifier_.Accept(TokenFor(other), kNow), IsOk());
}

TEST_F(LaunchTokenTest, AnotherWayToWriteTheSameTokenIsNotASecondUse) {
  const std::string token = TokenFor(Good());
  ASSERT_THAT(verifier_.Accept(token, kNow), IsOk());
  for (const char* prefix : {" ", "+", "0"})
    EXPECT_FALSE(verifier_.Accept(prefix + token, kNow).ok()) << prefix;
}

TEST_F(LaunchTokenTest, ItExpires) {
  const std::string token = TokenFor(Good());
  EXPECT_THAT(verifier_.Accept(token, kNow + absl::Seconds(30)), Fails(kDenied, "expired"));
  EXPECT_THAT(verifier_.Accept(token, kNow + absl::Seconds(29)), IsOk())
      << "an expired look does not use it up";
}

TEST_F(LaunchTokenTest, ItIsBoundToAttemptWorkerExpiryNonceAndSecret) {
  LaunchGrant attempt = Good();
  attempt.attempt_id = "attempt-2";
  LaunchGrant worker = Good();
  worker.worker = "w2";
  for (const LaunchGrant& grant : {attempt, worker})
    EXPECT_THAT(verifier_.Accept(TokenFor(grant), kNow), Fails(kDenied, "wrong signature"));
  EXPECT_THAT(verifier_.Accept(SignLaunchToken("another secret", Good()), kNow),
              Fails(kDenied, "wrong signature"));
  const std::string token = TokenFor(Good());
  const std::string signature = token.substr(token.rfind('.'));
  const int64_t later = absl::ToUnixMillis(kNow + absl::Hours(1));
  EXPECT_THAT(verifier_.Accept(absl::StrCat(later, ".00ff", signature), kNow),
              Fails(kDenied, "wrong signature"));
  const int64_t expiry = absl::ToUnixMillis(Good().expiry);
  EXPECT_THAT(verifier_.Accept(absl::StrCat(expiry, ".00fe", signature), kNow),
              Fails(kDenied, "wrong signature"));
  EXPECT_THAT(verifier_.Accept(token, kNow), IsOk()) << "failures use nothing up";
}

// The texts that are signed cannot be shifted into one another.
TEST_F(LaunchTokenTest, NamesCannotBeShiftedBetweenFields) {
  LaunchTokenVerifier shifted(secret_, "attempt", "-1w1");
  EXPECT_THAT(shifted.Accept(TokenFor({"attempt-1", "w1", Good().expiry, "00ff"}), kNow),
              Fails(kDenied, "wrong signature"));
  LaunchTokenVerifier barred(secret_, "a|2:w1", "w1");
  EXPECT_THAT(barred.Accept(TokenFor({"a", "w1|2:w1", Good().expiry, "00ff"}), kNow),
              Fails(kDenied, "wrong signature"));
}

TEST_F(LaunchTokenTest, EveryTruncationAndEveryChangedByteIsDenied) {
  const std::string token = TokenFor(Good());
  for (size_t length = 0; length < token.size(); ++length)
    EXPECT_THAT(verifier_.Accept(token.substr(0, length), kNow), Fails(kDenied, "launch token"));
  for (size_t at = 0; at < token.size(); ++at) {
    std::string changed = token;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_THAT(verifier_.Accept(changed, kNow), Fails(kDenied, "launch token")) << changed;
  }
}

TEST_F(LaunchTokenTest, RandomBytesAreDenied) {
  std::mt19937 random(11);
  const std::string alphabet = "0123456789abcdef..";
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 120, ' ');
    for (char& c : bytes)
      c = i % 2 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
    ASSERT_THAT(verifier_.Accept(bytes, kNow), Fails(kDenied, "launch token"));
  }
  EXPECT_THAT(verifier_.Accept(std::string(1 << 20, '.'), kNow), Fails(kDenied, "malformed"));
}

TEST_F(LaunchTokenTest, WithoutASecretNothingIsAccepted) {
  LaunchTokenVerifier open("", "attempt-1", "w1");
  EXPECT_THAT(open.Accept(SignLaunchToken("", Good()), kNow), Fails(kDenied, "wrong signature"));
}

TEST(MakeNonce, IsHexadecimalAndDoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto nonce = MakeNonce();
    ASSERT_THAT(nonce, IsOk());
    EXPECT_EQ(nonce->size(), 32u);
    EXPECT_EQ(nonce->find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(seen.insert(*nonce).second);
  }
}

}  // namespace
}  // namespace basisbench
