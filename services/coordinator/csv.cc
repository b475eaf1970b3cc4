// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/csv.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// Reads a quoted field that begins after `at`; leaves `at` behind the closing quote.
absl::StatusOr<std::string> QuotedField(absl::string_view line, size_t& at) {
  std::string field;
  for (++at; at < line.size(); ++at) {
    if (line[at] != '"') {
      field.push_back(line[at]);
    } else if (at + 1 < line.size() && line[at + 1] == '"') {
      field.push_back('"');
      ++at;
    } else {
      ++at;
      return field;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("quote is not closed in '", line, "'"));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SplitCsvLine(absl::string_view line) {
  std::vector<std::string> fields;
  size_t at = 0;
  while (true) {
    std::string field;
    if (at < line.size() && line[at] == '"') {
      BB_ASSIGN_OR_RETURN(field, QuotedField(line, at));
      if (at < line.size() && line[at] != ',') {
        return absl::InvalidArgumentError(
            absl::StrCat("text follows a closing quote in '", line, "'"));
      }
    } else {
      const size_t end = std::min(line.find(',', at), line.size());
      field = std::string(line.substr(at, end - at));
      at = end;
    }
    fields.push_back(std::move(field));
    if (at >= line.size()) return fields;
    ++at;
  }
}

}  // namespace basisbench
