// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/job_id.h"

#include <cstdint>
#include <random>

namespace basisbench {
namespace {

constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kBitsPerCharacter = 5;
constexpr int kTimeCharacters = 9;  // until the year 3084
constexpr int kChanceCharacters = 6;

void AppendBase32(uint64_t value, int characters, std::string& text) {
  for (int i = characters - 1; i >= 0; --i)
    text.push_back(kAlphabet[(value >> (kBitsPerCharacter * i)) & 31]);
}

}  // namespace

std::string NewJobId(absl::Time now) {
  thread_local std::random_device chance;
  std::string id;
  AppendBase32(static_cast<uint64_t>(absl::ToUnixMillis(now)), kTimeCharacters, id);
  AppendBase32(chance(), kChanceCharacters, id);
  return id;
}

}  // namespace basisbench
