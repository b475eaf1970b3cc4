// SPDX-License-Identifier: Apache-2.0
// Where an address lies. Pure functions.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace basisbench {

// True for Unix sockets, localhost, 127.0.0.0/8 and ::1, written as a gRPC target ("host:port",
// "[::1]:0", "dns:///localhost:1"). A name other than localhost is not looked up and counts as
// beyond loopback.
bool IsLoopbackTarget(const std::string& target);

// INVALID_ARGUMENT unless `target` is "host:port" with a port of 0 to 65535, or a Unix socket.
absl::Status CheckTarget(const std::string& target);

}  // namespace basisbench
