// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "workers/daemon/reaper.h"

namespace basisbench {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(10);

std::string ReadSmallFile(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string content;
  if (!fd.valid()) return content;
  char chunk[8192];
  ssize_t got;
  while ((got = ::read(fd.get(), chunk, sizeof chunk)) > 0)
    content.append(chunk, static_cast<size_t>(got));
  return content;
}

// /proc/PID/stat is "pid (name) state parent ..."; the name may contain anything, so the last ')'
// counts.
bool ParseStat(pid_t pid, ProcessInfo* info) {
  const std::string stat = ReadSmallFile(absl::StrCat("/proc/", pid, "/stat"));
  const size_t close = stat.rfind(')');
  if (close == std::string::npos) return false;
  int parent = 0;
  if (std::sscanf(stat.c_str() + close + 1, " %c %d", &info->state, &parent) != 2) return false;
  info->pid = pid;
  info->parent = parent;
  return true;
}

bool CarriesTag(pid_t pid, const std::string& tag) {
  const std::string entry = absl::StrCat(kProcessTagVariable, "=", tag);
  const std::string environment = ReadSmallFile(absl::StrCat("/proc/", pid, "/environ"));
  for (size_t at = 0; at < environment.size();) {
    size_t end = environment.find('\0', at);
    if (end == std::string::npos) end = environment.size();
    if (environment.compare(at, end - at, entry) == 0) return true;
    at = end + 1;
  }
  return false;
}

bool Dead(const ProcessInfo& process) { return process.state == 'Z' || process.state == 'X'; }

}  // namespace

std::vector<ProcessInfo> ListProcesses() {
  std::vector<ProcessInfo> processes;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), ::closedir);
  if (directory == nullptr) return processes;
  while (const dirent* entry = ::readdir(directory.get())) {
    int pid = 0;
    ProcessInfo info;
    if (absl::SimpleAtoi(entry->d_name, &pid) && ParseStat(pid, &info)) processes.push_back(info);
  }
  return processes;
}

std::vector<pid_t> ProcessesOfTag(const std::string& tag) {
  std::multimap<pid_t, ProcessInfo> children;
  for (const ProcessInfo& process : ListProcesses()) children.emplace(process.parent, process);
  std::vector<pid_t> found;
  // Down from this process; membership is inherited.
  std::vector<std::pair<pid_t, bool>> open = {{::getpid(), false}};
  while (!open.empty()) {
    const auto [parent, member] = open.back();
    open.pop_back();
    const auto [begin, end] = children.equal_range(parent);
    for (auto child = begin; child != end; ++child) {
      const ProcessInfo& process = child->second;
      const bool belongs = member || (!Dead(process) && CarriesTag(process.pid, tag));
      if (belongs && !Dead(process)) found.push_back(process.pid);
      open.emplace_back(process.pid, belongs);
    }
  }
  return found;
}

absl::Status KillProcessesOfTag(Reaper& reaper, const std::string& tag,
                                const KillOptions& options) {
  const absl::Time start = absl::Now();
  std::vector<pid_t> alive = ProcessesOfTag(tag);
  if (options.root > 0 && !alive.empty()) ::kill(options.root, SIGTERM);
  while (!alive.empty()) {
    const absl::Duration elapsed = absl::Now() - start;
    if (elapsed > options.limit) {
      return absl::InternalError(absl::StrCat("processes ", absl::StrJoin(alive, ", "), " of '",
                                              tag, "' survive SIGKILL for ",
                                              absl::FormatDuration(options.limit)));
    }
    if (options.root <= 0 || elapsed >= options.grace) {
      for (const pid_t pid : alive) ::kill(pid, SIGKILL);
    }
    absl::SleepFor(kLook);
    alive = ProcessesOfTag(tag);
  }
  reaper.ReapOrphans();
  return absl::OkStatus();
}

}  // namespace basisbench
