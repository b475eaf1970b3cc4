// SPDX-License-Identifier: Apache-2.0
// Messages on a byte stream, each preceded by its length as 4 bytes, little endian. What arrives
// may be hostile: a length above the limit is an error, and memory grows with the bytes received,
// never with the length announced. Owned by one connection and used by one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace basisbench {

inline constexpr uint32_t kMaxFrameBytes = 64u << 20;

// The payload with its length in front.
std::string Frame(absl::string_view payload);

class FrameParser {
 public:
  explicit FrameParser(uint32_t max_frame_bytes = kMaxFrameBytes)
      : max_frame_bytes_(max_frame_bytes) {}

  void Append(absl::string_view bytes);

  // The next complete payload; nullopt when more bytes are needed; INVALID_ARGUMENT naming the
  // length when it is above the limit, after which the stream cannot be read any further.
  absl::StatusOr<std::optional<std::string>> Next();

 private:
  const uint32_t max_frame_bytes_;
  std::string buffer_;
  size_t consumed_ = 0;
};

// Blocking helpers for pipes; DEADLINE_EXCEEDED past `deadline`, UNAVAILABLE when the other end is
// closed.
absl::Status WriteAll(int fd, absl::string_view bytes, absl::Time deadline);
absl::StatusOr<std::string> ReadFrame(int fd, absl::Time deadline);

}  // namespace basisbench
