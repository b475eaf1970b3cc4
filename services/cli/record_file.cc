// SPDX-License-Identifier: Apache-2.0
#include "services/cli/record_file.h"

#include <google/protobuf/util/json_util.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

namespace pb = ::google::protobuf;

absl::Status ParseRecord(const std::string& text, v1::CaseResult* record) {
  pb::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto parsed = pb::util::JsonStringToMessage(text, record, options);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::string_view(parsed.message().data(), parsed.message().size()));
  }
  // Since unknown fields are passed over, any JSON object would parse.
  const bool complete =
      !record->case_().operator_().name().empty() && record->outcome() != v1::OUTCOME_UNSPECIFIED;
  if (complete) return absl::OkStatus();
  return absl::InvalidArgumentError("no record of a case: operator or outcome is missing");
}

}  // namespace

absl::StatusOr<std::vector<v1::CaseResult>> ParseRecords(const std::string& source,
                                                         std::istream& in) {
  std::vector<v1::CaseResult> records;
  std::string line;
  for (size_t number = 1; std::getline(in, line); ++number) {
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    const absl::Status status = ParseRecord(line, &records.emplace_back());
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(source, ":", number, ": ", status.message()));
    }
  }
  if (in.bad()) return absl::InvalidArgumentError(absl::StrCat(source, ": cannot be read"));
  if (records.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": holds no record"));
  }
  return records;
}

absl::StatusOr<std::vector<v1::CaseResult>> ReadRecordFile(const std::string& file,
                                                           std::istream& in) {
  if (file == "-") return ParseRecords("standard input", in);
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read '", file, "': ", std::strerror(errno)));
  }
  return ParseRecords(file, stream);
}

}  // namespace basisbench
