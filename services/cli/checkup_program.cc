// SPDX-License-Identifier: Apache-2.0
#include "services/cli/checkup_program.h"

#include <array>
#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

ProgramAnswer Run(const std::string& command) {
  ProgramAnswer answer;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return answer;
  std::array<char, 4096> chunk = {};
  size_t got = 0;
  while ((got = fread(chunk.data(), 1, chunk.size(), pipe)) > 0)
    answer.output.append(chunk.data(), got);
  answer.ok = pclose(pipe) == 0;
  return answer;
}

}  // namespace

ProgramAnswer AskProgram(const std::string& path, const std::string& argument) {
  // There are no quotes of ours to break out of.
  if (path.find('\'') != std::string::npos) return {};
  const std::string command = absl::StrCat("timeout 10 '", path, "' ", argument);
  ProgramAnswer answer = Run(command + " 2>/dev/null");
  if (!answer.ok) answer.output = Run(command + " 2>&1").output;
  return answer;
}

std::string FirstLine(const std::string& text) {
  const absl::string_view line = absl::string_view(text).substr(0, text.find('\n'));
  return std::string(absl::StripAsciiWhitespace(line));
}

}  // namespace basisbench
