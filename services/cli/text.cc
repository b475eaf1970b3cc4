// SPDX-License-Identifier: Apache-2.0
#include "services/cli/text.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

// Decodes one code point at *i and advances; a malformed byte counts as one replacement character.
uint32_t NextCodePoint(const std::string& text, size_t* i) {
  const auto byte = static_cast<unsigned char>(text[*i]);
  const int length = byte < 0x80       ? 1
                     : byte >> 5 == 6  ? 2
                     : byte >> 4 == 14 ? 3
                     : byte >> 3 == 30 ? 4
                                       : 0;
  if (length == 0 || *i + length > text.size()) {
    ++*i;
    return 0xFFFD;
  }
  uint32_t code = length == 1 ? byte : byte & (0x7F >> length);
  for (int k = 1; k < length; ++k) {
    const auto next = static_cast<unsigned char>(text[*i + k]);
    if (next >> 6 != 2) {
      ++*i;
      return 0xFFFD;
    }
    code = code << 6 | (next & 0x3F);
  }
  *i += length;
  return code;
}

int CodePointWidth(uint32_t c) {
  if ((c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F)) {
    return 0;
  }
  const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                    (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                    (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                    (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
                    (c >= 0x20000 && c <= 0x3FFFD);
  return wide ? 2 : 1;
}

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row.back();
}

}  // namespace

int DisplayWidth(const std::string& text) {
  int width = 0;
  for (size_t i = 0; i < text.size();) width += CodePointWidth(NextCodePoint(text, &i));
  return width;
}

std::string Printable(const std::string& text) {
  std::string clean;
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    const uint32_t code = NextCodePoint(text, &i);
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xFFFD ||
                         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    if (control) {
      clean += code == '\n' || code == '\t' ? " " : "?";
    } else {
      clean.append(text, begin, i - begin);
    }
  }
  return clean;
}

std::string Nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(word.size() / 3, 1) + 1;
  for (const std::string& candidate : candidates) {
    // A prefix of at least three letters is a better guess than any number of typing errors.
    const bool prefix = word.size() >= 3 && candidate.compare(0, word.size(), word) == 0;
    const size_t distance = prefix ? 0 : EditDistance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string DidYouMean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string nearest = Nearest(word, candidates);
  return nearest.empty() ? "" : absl::StrCat("; did you mean '", nearest, "'?");
}

}  // namespace basisbench
