// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/work_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// A socket's path has 107 characters; "/a/", 16 for the attempt and "/s" are added.
constexpr size_t kLongest = 107 - 21;

absl::Status MakePrivate(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && ::chmod(path.c_str(), 0700) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "cannot create ", path, ": ", error ? error.message() : std::string(std::strerror(errno))));
}

}  // namespace

absl::StatusOr<std::unique_ptr<WorkDirectory>> WorkDirectory::Open(const std::string& requested) {
  std::error_code error;
  const std::string path = std::filesystem::absolute(requested, error).lexically_normal().string();
  if (path.size() > kLongest) {
    return absl::InvalidArgumentError(
        absl::StrCat("the work directory ", path, " has ", path.size(),
                     " characters; sockets below it allow at most ", kLongest));
  }
  BB_RETURN_IF_ERROR(MakePrivate(path));
  UniqueFd lock(::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid())
    return absl::UnavailableError(
        absl::StrCat("cannot open ", path, "/lock: ", std::strerror(errno)));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("another worker daemon uses the work directory ", path));
  }
  std::unique_ptr<WorkDirectory> directory(new WorkDirectory(path, std::move(lock)));
  // What a killed daemon left; its processes died with it.
  std::filesystem::remove_all(directory->attempts(), error);
  BB_RETURN_IF_ERROR(MakePrivate(directory->attempts()));
  BB_RETURN_IF_ERROR(MakePrivate(directory->spool()));
  return directory;
}

std::string DefaultWorkDirectory(const std::string& worker) {
  const char* base = std::getenv("TMPDIR");
  return absl::StrCat(base != nullptr && *base != '\0' ? base : "/tmp", "/basisbench-", ::getuid(),
                      "/", worker);
}

}  // namespace basisbench
