// SPDX-License-Identifier: Apache-2.0
#include "services/base/rpc/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

bool IsUnixSocket(const std::string& target) {
  return absl::StartsWith(target, "unix:") || absl::StartsWith(target, "unix-abstract:");
}

std::string WithoutScheme(const std::string& target) {
  for (const char* scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (absl::StartsWith(target, scheme)) return target.substr(std::string(scheme).size());
  }
  return target;
}

// Splits "host:port" at the last colon; brackets around an IPv6 host are removed.
bool SplitHostPort(const std::string& target, std::string* host, std::string* port) {
  const std::string text = WithoutScheme(target);
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  *host = text.substr(0, colon);
  *port = text.substr(colon + 1);
  if (!host->empty() && host->front() == '[') {
    if (host->back() != ']') return false;
    *host = host->substr(1, host->size() - 2);
    return true;
  }
  return host->find(':') == std::string::npos;
}

}  // namespace

bool IsLoopbackTarget(const std::string& target) {
  if (IsUnixSocket(target)) return true;
  std::string host, port;
  if (!SplitHostPort(target, &host, &port)) return false;
  if (absl::AsciiStrToLower(host) == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

absl::Status CheckTarget(const std::string& target) {
  if (IsUnixSocket(target)) return absl::OkStatus();
  std::string host, port;
  int number = 0;
  if (!SplitHostPort(target, &host, &port) || host.empty() || !absl::SimpleAtoi(port, &number) ||
      number < 0 || number > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", target, "' is not an address; expected host:port, e.g. 127.0.0.1:7070"));
  }
  return absl::OkStatus();
}

}  // namespace basisbench
