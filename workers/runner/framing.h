// SPDX-License-Identifier: Apache-2.0
// Messages on a stream descriptor: 4 bytes of length, little endian, then that many bytes.
// Thread-safe as long as one thread reads and one writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace basisbench {

inline constexpr uint32_t kLargestFrame = 64u << 20;

// nullopt at a clean end. DATA_LOSS when the stream ends inside a frame, INVALID_ARGUMENT for a
// length above the limit, DEADLINE_EXCEEDED when nothing arrives for `timeout_ms` (negative waits
// for ever), UNAVAILABLE when the descriptor fails.
absl::StatusOr<std::optional<std::string>> ReadFrame(int fd, int timeout_ms = -1);

// UNAVAILABLE when the other side is gone; never raises SIGPIPE on a socket.
absl::Status WriteFrame(int fd, const std::string& payload);

// Everything until the end of the stream; INVALID_ARGUMENT above the limit.
absl::StatusOr<std::string> ReadAll(int fd);

// The bytes without a length.
absl::Status WriteAll(int fd, const char* data, size_t size);

}  // namespace basisbench
