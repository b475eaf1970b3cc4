// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/memory_limit.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "workers/daemon/launch_plan.h"

namespace basisbench {
namespace {

std::string Content(const std::string& path) { return ReadWholeFile(path).value_or(""); }

// The value after `key` on its line.
std::optional<int64_t> Field(const std::string& content, absl::string_view key) {
  for (absl::string_view line : absl::StrSplit(content, '\n')) {
    if (!absl::ConsumePrefix(&line, key)) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    int64_t value = 0;
    if (!words.empty() && absl::SimpleAtoi(words[0], &value)) return value;
  }
  return std::nullopt;
}

// Folders of this process's control group and of every one above it, innermost first. Inside a
// container the path shown may not exist; the root, which then is the container's own group, always
// does.
std::vector<std::string> GroupFolders(const KernelPaths& paths) {
  std::string path;
  for (absl::string_view line : absl::StrSplit(Content(paths.proc + "/self/cgroup"), '\n')) {
    if (absl::ConsumePrefix(&line, "0::")) path = std::string(line);
  }
  std::vector<std::string> folders;
  while (!path.empty() && path != "/") {
    folders.push_back(paths.cgroup + path);
    path.erase(path.rfind('/'));
  }
  folders.push_back(paths.cgroup);
  return folders;
}

}  // namespace

int64_t UsableMemoryBytes(const KernelPaths& paths) {
  int64_t bytes = std::numeric_limits<int64_t>::max();
  if (const auto total = Field(Content(paths.proc + "/meminfo"), "MemTotal:"))
    bytes = *total * 1024;
  std::vector<std::string> files = {paths.cgroup + "/memory/memory.limit_in_bytes"};  // version 1
  for (const std::string& folder : GroupFolders(paths)) files.push_back(folder + "/memory.max");
  for (const std::string& file : files) {
    int64_t limit = 0;
    if (absl::SimpleAtoi(absl::StripAsciiWhitespace(Content(file)), &limit) && limit > 0)
      bytes = std::min(bytes, limit);
  }
  return bytes;
}

std::optional<double> CpuQuota(const KernelPaths& paths) {
  std::optional<double> quota;
  for (const std::string& folder : GroupFolders(paths)) {
    const std::string content = Content(folder + "/cpu.max");
    const std::vector<absl::string_view> words =
        absl::StrSplit(content, absl::ByAnyChar(" \n"), absl::SkipEmpty());
    double granted = 0;
    double period = 0;
    if (words.size() != 2 || !absl::SimpleAtod(words[0], &granted) ||
        !absl::SimpleAtod(words[1], &period))
      continue;
    if (period > 0) quota = std::min(quota.value_or(granted / period), granted / period);
  }
  return quota;
}

uint64_t OutOfMemoryKills(const KernelPaths& paths) {
  const std::vector<std::string> folders = GroupFolders(paths);
  for (const std::string& folder : folders) {
    if (const auto kills = Field(Content(folder + "/memory.events"), "oom_kill "))
      return static_cast<uint64_t>(*kills);
  }
  return static_cast<uint64_t>(Field(Content(paths.proc + "/vmstat"), "oom_kill ").value_or(0));
}

}  // namespace basisbench
