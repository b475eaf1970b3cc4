// SPDX-License-Identifier: Apache-2.0
// Which network the gang's nodes share, in the form Open MPI wants it. Blocking name look-ups; any
// thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace basisbench {

// First IPv4 address of a host name or address, dotted. UNAVAILABLE naming the host when it does
// not resolve.
absl::StatusOr<std::string> ResolveIpv4(const std::string& host);

// The smallest network that contains every dotted address, e.g. "10.42.0.0/22": it selects, on each
// node, the interface that carries the advertised address, and as few others as possible. Loopback
// addresses give "127.0.0.0/8". Empty when the addresses have nothing in common. INVALID_ARGUMENT
// naming what is no IPv4 address.
absl::StatusOr<std::string> CommonNetwork(const std::vector<std::string>& addresses);

}  // namespace basisbench
