// SPDX-License-Identifier: Apache-2.0
// Suggestions for names that do not exist. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace basisbench {

// Single-character insertions, deletions, replacements and swaps of neighbours between two words.
size_t EditDistance(absl::string_view a, absl::string_view b);

// "; did you mean 'monarch'? have: gate, matmul, monarch": the hint only when a name is near, the
// list cut after 60 names.
std::string KnownNames(absl::string_view wrong, const std::vector<std::string>& names);

// A value a user sent, fit to be shown: quoted, control characters escaped, cut after 60
// characters.
std::string Quote(absl::string_view value);

}  // namespace basisbench
