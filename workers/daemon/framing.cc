// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/framing.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr size_t kHeaderBytes = 4;

uint32_t DecodeLength(const char* bytes) {
  uint32_t length = 0;
  for (size_t i = 0; i < kHeaderBytes; ++i)
    length |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return length;
}

absl::Status WaitFor(int fd, int events, absl::Time deadline) {
  while (true) {
    const int64_t left = std::max<int64_t>(0, absl::ToInt64Milliseconds(deadline - absl::Now()));
    pollfd entry{fd, static_cast<short>(events), 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<int64_t>(left + 1, 60'000)));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR)
      return absl::UnavailableError(absl::StrCat("poll: ", std::strerror(errno)));
    if (absl::Now() >= deadline) return absl::DeadlineExceededError("no bytes before the deadline");
  }
}

absl::Status ReadExactly(int fd, size_t count, absl::Time deadline, std::string* out) {
  char chunk[65536];
  while (count > 0) {
    BB_RETURN_IF_ERROR(WaitFor(fd, POLLIN, deadline));
    const ssize_t got = ::read(fd, chunk, std::min(count, sizeof chunk));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return absl::UnavailableError(absl::StrCat("read: ", std::strerror(errno)));
    if (got == 0) return absl::UnavailableError("the other end closed");
    out->append(chunk, static_cast<size_t>(got));
    count -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

}  // namespace

std::string Frame(absl::string_view payload) {
  std::string framed;
  framed.reserve(kHeaderBytes + payload.size());
  for (size_t i = 0; i < kHeaderBytes; ++i)
    framed.push_back(static_cast<char>(payload.size() >> (8 * i)));
  framed.append(payload.data(), payload.size());
  return framed;
}

void FrameParser::Append(absl::string_view bytes) {
  if (consumed_ > 0) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  buffer_.append(bytes.data(), bytes.size());
}

absl::StatusOr<std::optional<std::string>> FrameParser::Next() {
  const size_t available = buffer_.size() - consumed_;
  if (available < kHeaderBytes) return std::nullopt;
  const uint32_t length = DecodeLength(buffer_.data() + consumed_);
  if (length > max_frame_bytes_) {
    return absl::InvalidArgumentError(
        absl::StrCat("a message announces ", length, " bytes; the limit is ", max_frame_bytes_));
  }
  if (available - kHeaderBytes < length) return std::nullopt;
  std::string payload = buffer_.substr(consumed_ + kHeaderBytes, length);
  consumed_ += kHeaderBytes + length;
  return payload;
}

absl::Status WriteAll(int fd, absl::string_view bytes, absl::Time deadline) {
  size_t written = 0;
  while (written < bytes.size()) {
    BB_RETURN_IF_ERROR(WaitFor(fd, POLLOUT, deadline));
    // A blocking pipe that polls as writable takes this much without blocking, and no more for
    // sure.
    const size_t piece = std::min<size_t>(bytes.size() - written, PIPE_BUF);
    const ssize_t got = ::write(fd, bytes.data() + written, piece);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return absl::UnavailableError(absl::StrCat("write: ", std::strerror(errno)));
    written += static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFrame(int fd, absl::Time deadline) {
  std::string header;
  BB_RETURN_IF_ERROR(ReadExactly(fd, kHeaderBytes, deadline, &header));
  const uint32_t length = DecodeLength(header.data());
  if (length > kMaxFrameBytes) {
    return absl::InvalidArgumentError(absl::StrCat("a message announces ", length, " bytes"));
  }
  std::string payload;
  BB_RETURN_IF_ERROR(ReadExactly(fd, length, deadline, &payload));
  return payload;
}

}  // namespace basisbench
