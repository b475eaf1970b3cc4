// SPDX-License-Identifier: Apache-2.0
#include "services/base/telemetry/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace basisbench {
namespace {

// Fields of /proc/self/stat from the third on; the second (the name) may hold spaces and
// parentheses.
std::vector<double> StatFields() {
  std::ifstream file("/proc/self/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  std::string state;
  rest >> state;
  std::vector<double> fields = {0};
  for (double value; rest >> value;) fields.push_back(value);
  return fields;
}

// Unix time at which the machine started; 0 when unknown.
double BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("btime ", 0) == 0) return std::stod(line.substr(6));
  }
  return 0;
}

double CountOpenFiles() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // the directory itself was open while we counted
}

}  // namespace

void ReadProcessMetrics(const std::function<void(absl::string_view, double)>& report) {
  // Positions in proc(5) less 3: utime 14, stime 15, starttime 22, vsize 23, rss 24.
  const std::vector<double> fields = StatFields();
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  if (fields.size() > 21) {
    report("process_cpu_seconds_total", (fields[11] + fields[12]) / ticks);
    report("process_virtual_memory_bytes", fields[20]);
    report("process_resident_memory_bytes",
           fields[21] * static_cast<double>(sysconf(_SC_PAGESIZE)));
    static const double boot_time = BootTime();
    if (boot_time > 0) report("process_start_time_seconds", boot_time + fields[19] / ticks);
  }
  report("process_open_fds", CountOpenFiles());
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    report("process_max_fds", static_cast<double>(limit.rlim_cur));
}

}  // namespace basisbench
