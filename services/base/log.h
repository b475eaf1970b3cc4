// SPDX-License-Identifier: Apache-2.0
// One line of structured text per event on standard error: time, level, component, message,
// key=value pairs. Thread-safe; never fails; never blocks on anything but the descriptor.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace basisbench {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One key with its printed value.
struct LogField {
  absl::string_view key;
  std::string value;
  template <typename T>
  LogField(absl::string_view k, const T& v) : key(k), value(absl::StrCat(v)) {}
};

// Messages below this level are dropped. Default kInfo. Set once at start.
void SetLogLevel(LogLevel level);

// Lines of each level written so far, for the basisbench_log_messages_total metric.
uint64_t LogCount(LogLevel level);

// Log(LogLevel::kInfo, "scheduler", "attempt started", {{"attempt", id}, {"ranks", 4}});
void Log(LogLevel level, absl::string_view component, absl::string_view message,
         std::initializer_list<LogField> fields = {});

}  // namespace basisbench
