// SPDX-License-Identifier: Apache-2.0
#include "services/cli/yaml_text.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

// Words that some YAML reader takes for something other than a string.
bool IsReserved(const std::string& text) {
  static constexpr std::array<const char*, 9> kWords = {"true", "false", "null", "yes", "no",
                                                        "on",   "off",   "y",    "n"};
  const std::string lower = absl::AsciiStrToLower(text);
  return std::any_of(kWords.begin(), kWords.end(), [&](const char* word) { return lower == word; });
}

std::string Scalar(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const bool plain =
        !text.empty() && absl::ascii_isalpha(text[0]) && !IsReserved(text) &&
        std::all_of(text.begin(), text.end(), [](unsigned char c) {
          return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/';
        });
    if (plain) return text;
  }
  // What JSON writes for scalars and empty containers is YAML.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Append(const Json& value, int depth, std::string* out) {
  const std::string indent(depth * 2, ' ');
  auto append_item = [&](const std::string& lead, const Json& item) {
    if (item.is_structured() && !item.empty()) {
      if (lead == "-") {
        std::string nested;
        Append(item, depth + 1, &nested);
        absl::StrAppend(out, indent, "- ", nested.substr((depth + 1) * 2));
      } else {
        absl::StrAppend(out, indent, lead, "\n");
        Append(item, depth + 1, out);
      }
    } else {
      absl::StrAppend(out, indent, lead, " ", Scalar(item), "\n");
    }
  };
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) append_item(Scalar(Json(key)) + ":", item);
  } else {
    for (const Json& item : value) append_item("-", item);
  }
}

}  // namespace

std::string YamlText(const Json& value) {
  if (!value.is_structured() || value.empty()) return Scalar(value) + "\n";
  std::string out;
  Append(value, 0, &out);
  return out;
}

}  // namespace basisbench
