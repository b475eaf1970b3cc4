// SPDX-License-Identifier: Apache-2.0
// What the programs that measure operators are told, and how they name what they measure.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "workers/operators/problem.h"

namespace basisbench {

// [--quick] [NAME ...]
struct BenchOptions {
  bool quick = false;
  std::vector<std::string> wanted;  // everything when nothing is named

  bool Wants(const std::string& name) const {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  }
};

inline BenchOptions ParseBenchOptions(int argc, char** argv) {
  BenchOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--quick") {
      options.quick = true;
    } else {
      options.wanted.push_back(argument);
    }
  }
  return options;
}

// "monarch f32 4096x1024x1024 blocks=32 depth=1".
inline std::string NameOf(const Problem& problem) {
  std::string name =
      absl::StrCat(problem.operator_name, " ", std::string(DtypeName(problem.dtype)), " ",
                   problem.shape.tokens, "x", problem.shape.d_in, "x", problem.shape.d_out);
  for (const auto& [parameter, value] : problem.parameters)
    absl::StrAppend(&name, " ", parameter, "=", value);
  return name;
}

}  // namespace basisbench
