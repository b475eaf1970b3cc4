// SPDX-License-Identifier: Apache-2.0
// The daemon's private directory: a lock against a second daemon, "a" for running attempts (emptied
// at start) and "spool" for unacknowledged records (kept). Owned by the worker.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "workers/daemon/unique_fd.h"

namespace basisbench {

class WorkDirectory {
 public:
  // INVALID_ARGUMENT when the path leaves no room for a socket's name, ALREADY_EXISTS when another
  // daemon uses it, UNAVAILABLE when it cannot be created.
  static absl::StatusOr<std::unique_ptr<WorkDirectory>> Open(const std::string& path);

  std::string attempts() const { return path_ + "/a"; }
  std::string spool() const { return path_ + "/spool"; }

 private:
  WorkDirectory(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const UniqueFd lock_;
};

// "<TMPDIR or /tmp>/basisbench-<uid>/<worker>".
std::string DefaultWorkDirectory(const std::string& worker);

}  // namespace basisbench
