// SPDX-License-Identifier: Apache-2.0
// What the kernel tells about processors, clock, memory, limits and counters.
#include <arpa/inet.h>
#include <glob.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/checkup.h"
#include "services/cli/node_share.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

constexpr double kLeastSharedMemory = 128.0 * 1024 * 1024;
constexpr rlim_t kLeastFiles = 1024;
constexpr rlim_t kLeastProcesses = 512;

std::string FirstWord(const std::string& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

Check SharedMemory(const CheckupPaths& paths) {
  const std::string path = paths.root + "/dev/shm";
  struct statvfs space = {};
  if (statvfs(path.c_str(), &space) != 0 || access(path.c_str(), W_OK) != 0) {
    return {"shared memory", Health::kFail, absl::StrCat(path, ": ", std::strerror(errno)),
            "mount a writable tmpfs there; ranks of one node talk through it"};
  }
  const double free = static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize);
  const std::string found = absl::StrCat(HumanBytes(free), " free in ", path);
  if (free >= kLeastSharedMemory) return {"shared memory", Health::kOk, found, ""};
  return {"shared memory", Health::kWarning, found,
          "give it at least 128 MiB (docker: --shm-size, Kubernetes: emptyDir of medium Memory)"};
}

Check Governor(const CheckupPaths& paths) {
  const std::string pattern =
      paths.root + "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor";
  glob_t files = {};
  std::set<std::string> governors;
  if (glob(pattern.c_str(), 0, nullptr, &files) == 0) {
    for (size_t i = 0; i < files.gl_pathc; ++i) governors.insert(FirstWord(files.gl_pathv[i]));
  }
  globfree(&files);
  if (governors.empty()) {
    return {"CPU governor", Health::kUnknown, "the kernel does not tell (virtual machine?)", ""};
  }
  const std::string found = absl::StrJoin(governors, ", ");
  if (governors == std::set<std::string>{"performance"}) {
    return {"CPU governor", Health::kOk, found, ""};
  }
  return {"CPU governor", Health::kWarning, found, "cpupower frequency-set -g performance"};
}

Check Load(const CheckupPaths& paths) {
  const size_t cpus = ShareOfNode(0, 1).cpus.size();
  double load = 0;
  if (!absl::SimpleAtod(FirstWord(paths.root + "/proc/loadavg"), &load)) {
    return {"load", Health::kUnknown, "no /proc/loadavg", ""};
  }
  const std::string found = absl::StrCat(load, " on ", cpus, " CPUs");
  if (load <= 0.25 * static_cast<double>(cpus)) return {"load", Health::kOk, found, ""};
  return {"load", Health::kWarning, found, "stop what else runs; it is in every measurement"};
}

Check ClockSource(const CheckupPaths& paths) {
  const std::string source =
      FirstWord(paths.root + "/sys/devices/system/clocksource/clocksource0/current_clocksource");
  timespec resolution = {};
  clock_getres(CLOCK_MONOTONIC, &resolution);
  if (source.empty()) return {"clock", Health::kUnknown, "the kernel does not tell its source", ""};
  const std::string found = absl::StrCat(
      source, ", resolution ",
      HumanSeconds(static_cast<double>(resolution.tv_sec) + 1e-9 * resolution.tv_nsec));
  const bool slow =
      source == "hpet" || source == "acpi_pm" || source == "jiffies" || source == "refined-jiffies";
  if (!slow) return {"clock", Health::kOk, found, ""};
  return {"clock", Health::kWarning, found,
          "reading this clock costs microseconds; boot with clocksource=tsc"};
}

std::string LimitText(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : absl::StrCat(limit);
}

Check Limits() {
  rlimit files = {}, processes = {};
  getrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NPROC, &processes);
  const std::string found = absl::StrCat("open files ", LimitText(files.rlim_cur), ", processes ",
                                         LimitText(processes.rlim_cur));
  if (files.rlim_cur >= kLeastFiles && processes.rlim_cur >= kLeastProcesses) {
    return {"limits", Health::kOk, found, ""};
  }
  return {"limits", Health::kWarning, found, "ulimit -n 1024 -u 512 at least"};
}

// Binds and connects, as two workers of this machine would.
std::string TryAddress(const std::string& address) {
  sockaddr_in where = {};
  where.sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) return "not an IPv4 address";
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  auto* name = reinterpret_cast<sockaddr*>(&where);
  socklen_t length = sizeof where;
  const bool works = server >= 0 && client >= 0 && bind(server, name, length) == 0 &&
                     listen(server, 1) == 0 && getsockname(server, name, &length) == 0 &&
                     (connect(client, name, length) == 0 || errno == EINPROGRESS);
  const std::string error = works ? "" : std::strerror(errno);
  if (server >= 0) close(server);
  if (client >= 0) close(client);
  return error;
}

Check SecondLoopback(const CheckupPaths& paths) {
  const std::string error = TryAddress(paths.second_loopback);
  if (error.empty()) {
    return {"second loopback", Health::kOk, absl::StrCat(paths.second_loopback, " works"), ""};
  }
  return {"second loopback", Health::kFail, absl::StrCat(paths.second_loopback, ": ", error),
          "'local up' needs 127.0.0.2 and following; ip addr add 127.0.0.2/8 dev lo"};
}

Check Energy(const CheckupPaths& paths) {
  const std::string counter = paths.root + "/sys/class/powercap/intel-rapl:0/energy_uj";
  if (access(counter.c_str(), F_OK) != 0) {
    return {"energy counter", Health::kUnknown, "no RAPL; energy will be 'not measured'", ""};
  }
  if (access(counter.c_str(), R_OK) == 0) return {"energy counter", Health::kOk, counter, ""};
  return {"energy counter", Health::kWarning, absl::StrCat(counter, " is not readable"),
          absl::StrCat("chmod a+r ", counter, ", or energy will be 'not measured'")};
}

Check Ptrace(const CheckupPaths& paths) {
  const std::string scope = FirstWord(paths.root + "/proc/sys/kernel/yama/ptrace_scope");
  if (scope.empty()) return {"ptrace", Health::kOk, "not restricted by yama", ""};
  if (scope == "0") return {"ptrace", Health::kOk, "ptrace_scope 0", ""};
  return {"ptrace", Health::kWarning, absl::StrCat("ptrace_scope ", scope),
          "ranks of one node then copy through shared memory instead of directly; sysctl "
          "kernel.yama.ptrace_scope=0"};
}

}  // namespace

std::vector<Check> CheckMachine(const CheckupPaths& paths) {
  return {SharedMemory(paths),   Governor(paths), Load(paths),  ClockSource(paths), Limits(),
          SecondLoopback(paths), Energy(paths),   Ptrace(paths)};
}

}  // namespace basisbench
