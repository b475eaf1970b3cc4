// SPDX-License-Identifier: Apache-2.0
#include "services/cli/background.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(10);
constexpr absl::Duration kKilledWithin = absl::Seconds(5);

std::string ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string BootId() { return ReadLine("/proc/sys/kernel/random/boot_id"); }

struct ProcessStat {
  char state = 'X';
  uint64_t start_ticks = 0;
};

// The name in parentheses may hold anything, so fields are counted from its end.
std::optional<ProcessStat> StatOf(pid_t pid) {
  const std::string line = ReadLine(absl::StrCat("/proc/", pid, "/stat"));
  const size_t end = line.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields = absl::StrSplit(line.substr(end + 1), ' ');
  constexpr size_t kState = 1, kStartTime = 20;
  ProcessStat stat;
  if (fields.size() <= kStartTime || fields[kState].size() != 1 ||
      !absl::SimpleAtoi(fields[kStartTime], &stat.start_ticks)) {
    return std::nullopt;
  }
  stat.state = fields[kState][0];
  return stat;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> InheritedEnvironment() {
  std::vector<std::string> variables;
  for (char** v = environ; *v != nullptr; ++v) {
    if (!absl::StartsWith(*v, "BASISBENCH_")) variables.emplace_back(*v);
  }
  return variables;
}

// Frees what posix_spawn needs, whichever way the function is left.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
};

void Detach(const std::string& log, SpawnSettings* settings) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  // This program blocks the signals it serves on a thread; the child must not inherit that.
  posix_spawnattr_setsigmask(&settings->attributes, &none);
  posix_spawnattr_setsigdefault(&settings->attributes, &all);
  posix_spawnattr_setflags(&settings->attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_addopen(&settings->actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&settings->actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&settings->actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&settings->actions, STDERR_FILENO + 1);
}

bool AllGoneBy(const std::vector<BackgroundProcess>& processes, absl::Time deadline) {
  while (std::any_of(processes.begin(), processes.end(), IsAlive)) {
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(kLook);
  }
  return true;
}

}  // namespace

absl::StatusOr<BackgroundProcess> StartBackground(const std::vector<std::string>& arguments,
                                                  const std::string& log) {
  if (!std::ofstream(log, std::ios::app)) {
    return absl::UnavailableError(absl::StrCat("cannot write ", log, ": ", std::strerror(errno)));
  }
  SpawnSettings settings;
  Detach(log, &settings);
  std::vector<std::string> words = arguments;
  std::vector<std::string> variables = InheritedEnvironment();
  BackgroundProcess process;
  const int error =
      posix_spawn(&process.pid, words[0].c_str(), &settings.actions, &settings.attributes,
                  Pointers(words).data(), Pointers(variables).data());
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat("cannot run ", words[0], ": ", std::strerror(error)));
  }
  const auto stat = StatOf(process.pid);
  if (!stat) return absl::InternalError(absl::StrCat("/proc/", process.pid, "/stat: unreadable"));
  process.start_ticks = stat->start_ticks;
  process.boot = BootId();
  return process;
}

bool IsAlive(const BackgroundProcess& process) {
  // Only a child that this very program started can be reaped here; for others this does nothing.
  int ignored = 0;
  waitpid(process.pid, &ignored, WNOHANG);
  const auto stat = StatOf(process.pid);
  return stat && stat->state != 'Z' && stat->state != 'X' &&
         stat->start_ticks == process.start_ticks && BootId() == process.boot;
}

absl::StatusOr<int> StopAll(const std::vector<BackgroundProcess>& processes, absl::Duration grace) {
  for (const BackgroundProcess& process : processes) {
    if (IsAlive(process)) kill(process.pid, SIGTERM);
  }
  if (AllGoneBy(processes, absl::Now() + grace)) return 0;
  int killed = 0;
  for (const BackgroundProcess& process : processes) {
    if (IsAlive(process) && kill(process.pid, SIGKILL) == 0) ++killed;
  }
  if (AllGoneBy(processes, absl::Now() + kKilledWithin)) return killed;
  const auto left = std::find_if(processes.begin(), processes.end(), IsAlive);
  return absl::DeadlineExceededError(
      absl::StrCat("process ", left == processes.end() ? 0 : left->pid, " cannot be killed"));
}

absl::Status WritePidFile(const std::string& path, const BackgroundProcess& process) {
  std::ofstream file(path, std::ios::trunc);
  file << process.pid << ' ' << process.start_ticks << ' ' << process.boot << '\n';
  file.close();
  if (!file.fail()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path));
}

std::optional<BackgroundProcess> ReadPidFile(const std::string& path) {
  const std::vector<std::string> fields = absl::StrSplit(ReadLine(path), ' ');
  BackgroundProcess process;
  // 0, 1 and negative numbers would signal groups or init.
  if (fields.size() != 3 || !absl::SimpleAtoi(fields[0], &process.pid) || process.pid < 2 ||
      !absl::SimpleAtoi(fields[1], &process.start_ticks)) {
    return std::nullopt;
  }
  process.boot = fields[2];
  return process;
}

}  // namespace basisbench
