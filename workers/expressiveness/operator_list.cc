// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/operator_list.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

absl::Status Wrong(absl::string_view piece, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", piece, "' is no operator: ", why, "; write name or name{parameter=value}"));
}

// Cuts at commas outside of braces.
std::vector<absl::string_view> Pieces(absl::string_view text) {
  std::vector<absl::string_view> out;
  size_t start = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      out.push_back(absl::StripAsciiWhitespace(text.substr(start, i - start)));
      start = i + 1;
    } else {
      depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
    }
  }
  return out;
}

absl::StatusOr<OperatorText> ParsePiece(absl::string_view piece) {
  const size_t brace = piece.find('{');
  OperatorText out{std::string(piece.substr(0, brace)), {}};
  if (out.name.empty()) return Wrong(piece, "it has no name");
  if (out.name.find('}') != std::string::npos) return Wrong(piece, "a brace is not opened");
  if (brace == absl::string_view::npos) return out;
  if (piece.back() != '}') return Wrong(piece, "its brace is not closed");
  const absl::string_view inside = piece.substr(brace + 1, piece.size() - brace - 2);
  for (const absl::string_view assignment : absl::StrSplit(inside, ',', absl::SkipWhitespace())) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(assignment, absl::MaxSplits('=', 1));
    const std::string name(absl::StripAsciiWhitespace(parts.first));
    const std::string value(absl::StripAsciiWhitespace(parts.second));
    if (name.empty() || value.empty())
      return Wrong(piece, absl::StrCat("'", assignment, "' is no parameter=value"));
    if (!out.parameters.emplace(name, value).second)
      return Wrong(piece, absl::StrCat(name, " is given twice"));
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<OperatorText>> ParseOperatorList(absl::string_view text) {
  std::vector<OperatorText> out;
  for (const absl::string_view piece : Pieces(text)) {
    BB_ASSIGN_OR_RETURN(OperatorText one, ParsePiece(piece));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace basisbench
