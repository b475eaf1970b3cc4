// SPDX-License-Identifier: Apache-2.0
#include "services/cli/printer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/text.h"
#include "services/cli/yaml_text.h"

namespace basisbench {
namespace {

constexpr char kBold[] = "\033[1m";
constexpr char kReset[] = "\033[0m";
constexpr char kCsvLineEnd[] = "\r\n";  // RFC 4180

std::string Dump(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// The bare text of a value: strings without quotes, nothing for null.
std::string Plain(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const Json& item : value) parts.push_back(Plain(item));
    return absl::StrJoin(parts, ",");
  }
  return Dump(value);
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::vector<size_t> Visible(const Table& table, Format format) {
  std::vector<size_t> visible;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Audience audience = table.columns[i].audience;
    const bool shown = IsHuman(format)
                           ? audience == Audience::kAll || audience == Audience::kHuman ||
                                 (audience == Audience::kWide && format == Format::kWide)
                           : audience != Audience::kHuman;
    if (shown) visible.push_back(i);
  }
  return visible;
}

Json RowObject(const Table& table, const Row& row, const std::vector<size_t>& visible) {
  Json object = Json::object();
  for (const size_t i : visible) object[table.columns[i].key] = row.cells[i].value;
  return object;
}

std::string Heading(const Column& column) {
  return column.heading.empty() ? absl::AsciiStrToUpper(column.key) : column.heading;
}

std::string HumanText(const Cell& cell) {
  std::string text = Printable(cell.text.empty() ? Plain(cell.value) : cell.text);
  return text.empty() ? "-" : text;
}

void PrintHuman(const Table& table, const PrintOptions& options, std::ostream& out) {
  const std::vector<size_t> visible = Visible(table, options.format);
  std::vector<int> widths;
  for (const size_t i : visible) {
    int width = options.headers ? DisplayWidth(Heading(table.columns[i])) : 0;
    for (const Row& row : table.rows)
      width = std::max(width, DisplayWidth(HumanText(row.cells[i])));
    widths.push_back(width);
  }
  auto print_line = [&](auto text_of) {
    std::string line;
    for (size_t k = 0; k < visible.size(); ++k) {
      const std::string text = text_of(visible[k]);
      const std::string fill(std::max(0, widths[k] - DisplayWidth(text)), ' ');
      absl::StrAppend(&line, k > 0 ? "  " : "",
                      table.columns[visible[k]].right ? fill + text : text + fill);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  };
  if (options.headers && !table.rows.empty()) {
    const std::string line = print_line([&](size_t i) { return Heading(table.columns[i]); });
    out << (options.color ? kBold + line + kReset : line) << '\n';
  }
  std::string section;
  for (const Row& row : table.rows) {
    if (row.section != section) {
      section = row.section;
      const std::string heading = Printable(section);
      out << '\n' << (options.color ? kBold + heading + kReset : heading) << '\n';
    }
    out << print_line([&](size_t i) { return HumanText(row.cells[i]); }) << '\n';
  }
}

void PrintCsv(const Table& table, const PrintOptions& options, std::ostream& out) {
  const std::vector<size_t> visible = Visible(table, options.format);
  std::vector<std::string> fields;
  for (const size_t i : visible) fields.push_back(CsvField(table.columns[i].key));
  if (options.headers) out << absl::StrJoin(fields, ",") << kCsvLineEnd;
  for (const Row& row : table.rows) {
    fields.clear();
    for (const size_t i : visible) fields.push_back(CsvField(Plain(row.cells[i].value)));
    out << absl::StrJoin(fields, ",") << kCsvLineEnd;
  }
}

// "key: value" lines; nested values are indented below their key.
void PrintOutline(const Json& value, int depth, std::ostream& out) {
  const std::string indent(depth * 2, ' ');
  auto print_entry = [&](const std::string& label, const Json& item) {
    if (item.is_structured() && !item.empty()) {
      out << indent << Printable(label) << '\n';
      PrintOutline(item, depth + 1, out);
    } else {
      const std::string text = item.is_null() ? "-" : Printable(Plain(item));
      out << indent << Printable(label) << (text.empty() ? "" : " " + text) << '\n';
    }
  };
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) print_entry(key + ":", item);
  } else if (value.is_array()) {
    for (const Json& item : value) print_entry("-", item);
  }
}

}  // namespace

const std::vector<std::string>& FormatNames() {
  static const auto& names =
      *new std::vector<std::string>{"table", "wide", "json", "yaml", "csv", "jsonl", "name"};
  return names;
}

absl::StatusOr<Format> ParseFormat(const std::string& name) {
  const auto& names = FormatNames();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    return absl::InvalidArgumentError(absl::StrCat("no output format '", name,
                                                   "'; have: ", absl::StrJoin(names, ", "),
                                                   DidYouMean(name, names)));
  }
  return static_cast<Format>(found - names.begin());
}

void PrintTable(const Table& table, const PrintOptions& options, std::ostream& out) {
  switch (options.format) {
    case Format::kTable:
    case Format::kWide:
      return PrintHuman(table, options, out);
    case Format::kCsv:
      return PrintCsv(table, options, out);
    case Format::kName:
      for (const Row& row : table.rows) out << Plain(row.cells[table.name_column].value) << '\n';
      return;
    default:
      break;
  }
  const std::vector<size_t> visible = Visible(table, options.format);
  Json rows = Json::array();
  for (const Row& row : table.rows) rows.push_back(RowObject(table, row, visible));
  if (options.format == Format::kJson) out << Dump(rows, 2) << '\n';
  if (options.format == Format::kYaml) out << YamlText(rows);
  if (options.format == Format::kJsonl) {
    for (const Json& row : rows) out << Dump(row) << '\n';
  }
}

void PrintDocument(const Json& value, const std::string& name_key, const PrintOptions& options,
                   std::ostream& out) {
  switch (options.format) {
    case Format::kTable:
    case Format::kWide:
      return PrintOutline(value, 0, out);
    case Format::kJson:
    case Format::kCsv:
      out << Dump(value, 2) << '\n';
      return;
    case Format::kJsonl:
      out << Dump(value) << '\n';
      return;
    case Format::kYaml:
      out << YamlText(value);
      return;
    case Format::kName:
      out << Plain(value.value(name_key, Json())) << '\n';
      return;
  }
}

}  // namespace basisbench
