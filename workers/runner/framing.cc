// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/framing.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

absl::Status WaitReadable(int fd, int timeout_ms) {
  if (timeout_ms < 0) return absl::OkStatus();
  pollfd waiting{fd, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&waiting, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready > 0) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("nothing to read for ", timeout_ms, " ms"));
}

// Bytes read until `size` or the end of the stream.
absl::StatusOr<size_t> ReadUpTo(int fd, char* data, size_t size, int timeout_ms) {
  size_t done = 0;
  while (done < size) {
    BB_RETURN_IF_ERROR(WaitReadable(fd, timeout_ms));
    const ssize_t got = read(fd, data + done, size - done);
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (errno != EINTR) {
      return absl::UnavailableError(absl::StrCat("read: ", strerror(errno)));
    }
  }
  return done;
}

}  // namespace

absl::StatusOr<std::optional<std::string>> ReadFrame(int fd, int timeout_ms) {
  std::array<unsigned char, 4> header{};
  BB_ASSIGN_OR_RETURN(const size_t got, ReadUpTo(fd, reinterpret_cast<char*>(header.data()),
                                                 header.size(), timeout_ms));
  if (got == 0) return std::nullopt;
  if (got < header.size()) return absl::DataLossError("stream ended inside a length");
  uint32_t size = 0;
  for (size_t i = 0; i < header.size(); ++i) size |= uint32_t{header[i]} << (8 * i);
  if (size > kLargestFrame) {
    return absl::InvalidArgumentError(
        absl::StrCat("frame of ", size, " bytes; at most ", kLargestFrame));
  }
  std::string payload(size, '\0');
  BB_ASSIGN_OR_RETURN(const size_t body, ReadUpTo(fd, payload.data(), size, timeout_ms));
  if (body < size) {
    return absl::DataLossError(
        absl::StrCat("stream ended after ", body, " of a frame's ", size, " bytes"));
  }
  return payload;
}

absl::Status WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    ssize_t put = send(fd, data, size, MSG_NOSIGNAL);
    if (put < 0 && errno == ENOTSOCK) put = write(fd, data, size);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return absl::UnavailableError(absl::StrCat("write: ", strerror(errno)));
    data += put;
    size -= static_cast<size_t>(put);
  }
  return absl::OkStatus();
}

absl::Status WriteFrame(int fd, const std::string& payload) {
  if (payload.size() > kLargestFrame) {
    return absl::InvalidArgumentError(
        absl::StrCat("frame of ", payload.size(), " bytes; at most ", kLargestFrame));
  }
  std::string frame;
  frame.reserve(payload.size() + 4);
  for (int i = 0; i < 4; ++i) frame.push_back(static_cast<char>(payload.size() >> (8 * i)));
  frame += payload;
  return WriteAll(fd, frame.data(), frame.size());
}

absl::StatusOr<std::string> ReadAll(int fd) {
  std::string all;
  std::array<char, 65536> chunk{};
  while (true) {
    BB_ASSIGN_OR_RETURN(const size_t got, ReadUpTo(fd, chunk.data(), chunk.size(), -1));
    all.append(chunk.data(), got);
    if (got < chunk.size()) return all;
    if (all.size() > kLargestFrame) {
      return absl::InvalidArgumentError(absl::StrCat("more than ", kLargestFrame, " bytes"));
    }
  }
}

}  // namespace basisbench
