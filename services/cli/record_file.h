// SPDX-License-Identifier: Apache-2.0
// Records that `export` wrote, read back: one JSON record a line.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/result.pb.h"

namespace basisbench {

// The records in their order; `source` names them in errors. Fields this program does not know are
// passed over. INVALID_ARGUMENT names the line that holds no record, and is told to an empty file.
absl::StatusOr<std::vector<v1::CaseResult>> ParseRecords(const std::string& source,
                                                         std::istream& in);

// The same from a file; "-" reads `in`. INVALID_ARGUMENT as well when it cannot be opened.
absl::StatusOr<std::vector<v1::CaseResult>> ReadRecordFile(const std::string& file,
                                                           std::istream& in);

}  // namespace basisbench
