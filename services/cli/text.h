// SPDX-License-Identifier: Apache-2.0
// Text for terminals: width, safety, similarity. Pure functions.
#pragma once

#include <string>
#include <vector>

namespace basisbench {

// Columns a UTF-8 string takes on a terminal: 0 for combining marks, 2 for wide characters.
int DisplayWidth(const std::string& text);

// Without control characters, so that a name somebody else chose cannot drive the terminal.
std::string Printable(const std::string& text);

// The candidate within a third of the length of `word` in edits, or empty.
std::string Nearest(const std::string& word, const std::vector<std::string>& candidates);

// "; did you mean 'x'?" or nothing.
std::string DidYouMean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace basisbench
