// SPDX-License-Identifier: Apache-2.0
// What every listing verb produces and the one printer consumes: typed cells under named columns.
// Values, no behaviour.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

namespace basisbench {

using Json = nlohmann::ordered_json;

// Who sees a column. Machine formats (json, yaml, csv, jsonl) print everything but kHuman.
enum class Audience { kAll, kWide, kMachine, kHuman };

struct Column {
  std::string key;  // JSON key, CSV name and, in capitals, table heading; ends in its unit
  Audience audience = Audience::kAll;
  bool right = false;   // align right (numbers)
  std::string heading;  // table heading when it is not the key
};

// A value in base units, and what people read instead of it. Null prints as an empty cell: not
// measured, never 0.
struct Cell {
  Json value;
  std::string text;  // empty: the value itself

  Cell() = default;
  Cell(Json v) : value(std::move(v)) {}  // NOLINT(runtime/explicit)
  Cell(Json v, std::string t) : value(std::move(v)), text(std::move(t)) {}
};

struct Row {
  std::vector<Cell> cells;
  std::string section;  // rows of one section stand together under this heading
};

struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::string empty;       // said on standard error instead of a table without rows
  size_t name_column = 0;  // what `-o name` prints
};

}  // namespace basisbench
