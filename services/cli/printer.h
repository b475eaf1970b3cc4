// SPDX-License-Identifier: Apache-2.0
// The one printer of every verb and format.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/cli/table.h"

namespace basisbench {

enum class Format { kTable, kWide, kJson, kYaml, kCsv, kJsonl, kName };

// The names `--output` takes.
const std::vector<std::string>& FormatNames();
// INVALID_ARGUMENT naming the text and the known formats.
absl::StatusOr<Format> ParseFormat(const std::string& name);
inline bool IsHuman(Format format) { return format == Format::kTable || format == Format::kWide; }

struct PrintOptions {
  Format format = Format::kTable;
  bool headers = true;
  bool color = false;
};

void PrintTable(const Table& table, const PrintOptions& options, std::ostream& out);

// One structured value: a document in json and yaml, a line in jsonl, an indented outline for
// people. csv and name have no meaning for it and print json and the value of `name_key`.
void PrintDocument(const Json& value, const std::string& name_key, const PrintOptions& options,
                   std::ostream& out);

}  // namespace basisbench
