// SPDX-License-Identifier: Apache-2.0
// A folder of its own for a test of the daemon, removed afterwards.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace basisbench {

class ScratchFolder {
 public:
  // Short, since sockets are made below it.
  ScratchFolder() {
    std::string pattern = "/tmp/bbt-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace basisbench
