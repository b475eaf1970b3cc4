// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/text_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace basisbench {
namespace {

std::string QuoteCsv(const std::string& cell) {
  if (cell == "-") return "";
  if (cell.find_first_of(",\"") == std::string::npos) return cell;
  return absl::StrCat("\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"");
}

}  // namespace

std::string AlignTable(const std::vector<Cells>& lines, size_t words) {
  std::vector<size_t> widths(lines.front().size());
  for (const Cells& line : lines)
    for (size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  std::string out;
  for (const Cells& line : lines) {
    Cells padded;
    for (size_t c = 0; c < line.size(); ++c) {
      const std::string space(widths[c] - line[c].size(), ' ');
      padded.push_back(c < words ? line[c] + space : space + line[c]);
    }
    std::string text = absl::StrJoin(padded, "  ");
    absl::StripTrailingAsciiWhitespace(&text);
    absl::StrAppend(&out, text, "\n");
  }
  return out;
}

std::string PrintCsv(const std::vector<Cells>& lines) {
  std::string out;
  for (const Cells& line : lines) {
    Cells quoted;
    for (const std::string& cell : line) quoted.push_back(QuoteCsv(cell));
    absl::StrAppend(&out, absl::StrJoin(quoted, ","), "\n");
  }
  return out;
}

}  // namespace basisbench
