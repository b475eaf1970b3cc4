// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/network.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <bit>
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

constexpr int kAddressBits = 32;
constexpr uint32_t kLoopback = 127u << 24;
constexpr uint32_t kLoopbackMask = 0xFFu << 24;

std::string Dotted(uint32_t address) {
  in_addr raw{htonl(address)};
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &raw, text, sizeof text);
  return text;
}

}  // namespace

absl::StatusOr<std::string> ResolveIpv4(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) {
    return absl::UnavailableError(
        absl::StrCat("the address '", host, "' does not resolve: ", gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  return Dotted(ntohl(reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr.s_addr));
}

absl::StatusOr<std::string> CommonNetwork(const std::vector<std::string>& addresses) {
  if (addresses.empty()) return std::string();
  uint32_t first = 0;
  uint32_t differing = 0;
  bool loopback = true;
  for (size_t i = 0; i < addresses.size(); ++i) {
    in_addr raw{};
    if (inet_pton(AF_INET, addresses[i].c_str(), &raw) != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", addresses[i], "' is not an IPv4 address"));
    }
    const uint32_t address = ntohl(raw.s_addr);
    if (i == 0) first = address;
    differing |= address ^ first;
    loopback = loopback && (address & kLoopbackMask) == kLoopback;
  }
  if (loopback) return std::string("127.0.0.0/8");
  const int prefix = std::countl_zero(differing);
  if (prefix == 0) return std::string();
  const uint32_t mask = ~uint32_t{0} << (kAddressBits - prefix);
  return absl::StrCat(Dotted(first & mask), "/", prefix);
}

}  // namespace basisbench
