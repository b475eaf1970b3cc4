// SPDX-License-Identifier: Apache-2.0
// What a program of this machine says about itself.
#pragma once

#include <string>

namespace basisbench {

struct ProgramAnswer {
  bool ok = false;     // it ran, ended with 0, and in time
  std::string output;  // standard output; of a program that failed, standard error as well
};

// `path` is an existing file without a single quote in it, `argument` one of our own words. Ten
// seconds at most.
ProgramAnswer AskProgram(const std::string& path, const std::string& argument);

// Without line ends around it.
std::string FirstLine(const std::string& text);

}  // namespace basisbench
