// SPDX-License-Identifier: Apache-2.0
#include "services/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace basisbench {
namespace {

std::atomic<LogLevel> minimum_level{LogLevel::kInfo};
std::array<std::atomic<uint64_t>, 4> counts{};

constexpr std::array<const char*, 4> kNames = {"DEBUG", "INFO", "WARN", "ERROR"};

// What others send stands in messages and values: nothing of it may end the line, or steer the
// terminal that shows it.
bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void AppendEscaped(std::string& line, absl::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      line.append("\\n");
    } else if (c == '\r') {
      line.append("\\r");
    } else if (c == '\t') {
      line.append("\\t");
    } else if (IsControl(c)) {
      absl::StrAppend(&line, "\\x", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    } else {
      line.push_back(c);
    }
  }
}

std::string Quoted(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=") == std::string::npos &&
                     std::none_of(value.begin(), value.end(), IsControl);
  if (plain) return value;
  std::string quoted = "\"";
  AppendEscaped(quoted, absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"\"", "\\\""}}));
  quoted.push_back('"');
  return quoted;
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
                   kNames[static_cast<size_t>(level)], " ", component, ": ");
  AppendEscaped(line, message);
  for (const LogField& field : fields)
    absl::StrAppend(&line, " ", field.key, "=", Quoted(field.value));
  line.push_back('\n');
  // One write keeps lines of several threads and processes whole; a failed write has nowhere to be
  // reported.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace basisbench
