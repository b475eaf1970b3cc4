// SPDX-License-Identifier: Apache-2.0
// A regular file mapped for reading. Pages come from the page cache as they are touched, so opening
// a file of many gigabytes is free. A file that is made shorter while it is mapped ends the process
// that reads behind its new end; it is not meant for files that somebody is writing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace basisbench {

class MappedFile {
 public:
  // NOT_FOUND, PERMISSION_DENIED or INVALID_ARGUMENT (a directory, a pipe) naming the path.
  static absl::StatusOr<std::unique_ptr<MappedFile>> Open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  absl::Span<const std::byte> bytes() const { return bytes_; }

 private:
  MappedFile(std::string path, absl::Span<const std::byte> bytes)
      : path_(std::move(path)), bytes_(bytes) {}

  const std::string path_;
  const absl::Span<const std::byte> bytes_;
};

}  // namespace basisbench
