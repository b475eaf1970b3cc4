// SPDX-License-Identifier: Apache-2.0
// Lines of cells as aligned text or CSV. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace basisbench {

using Cells = std::vector<std::string>;

// The first line is the header, and all lines have as many cells; the first `words` columns are to
// the left, the numbers after them to the right.
std::string AlignTable(const std::vector<Cells>& lines, size_t words);

// A cell "-" becomes empty.
std::string PrintCsv(const std::vector<Cells>& lines);

}  // namespace basisbench
