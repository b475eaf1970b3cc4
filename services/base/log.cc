// SPDX-License-Identifier: Apache-2.0
#include "services/base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace basisbench {
namespace {

std::atomic<LogLevel> minimum_level{LogLevel::kInfo};
std::array<std::atomic<uint64_t>, 4> counts{};

constexpr std::array<const char*, 4> kNames = {"DEBUG", "INFO", "WARN", "ERROR"};

std::string Quoted(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" \"\n\t=") == std::string::npos;
  return plain ? value : absl::StrCat("\"", absl::CEscape(value), "\"");
}

}  // namespace

void SetLogLevel(LogLevel level) { minimum_level = level; }

uint64_t LogCount(LogLevel level) { return counts[static_cast<size_t>(level)]; }

void Log(LogLevel level, absl::string_view component, absl::string_view message,
         std::initializer_list<LogField> fields) {
  if (level < minimum_level) return;
  ++counts[static_cast<size_t>(level)];
  std::string line =
      absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()), " ",
                   kNames[static_cast<size_t>(level)], " ", component, ": ", message);
  for (const LogField& field : fields)
    absl::StrAppend(&line, " ", field.key, "=", Quoted(field.value));
  line.push_back('\n');
  // One write keeps lines of several threads and processes whole; a failed write has nowhere to be
  // reported.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace basisbench
