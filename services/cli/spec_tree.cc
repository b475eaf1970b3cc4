// SPDX-License-Identifier: Apache-2.0
#include "services/cli/spec_tree.h"

#include <yaml-cpp/yaml.h>

#include <cmath>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// A sweep written by hand has some hundred values; these leave room and end abuse early.
constexpr size_t kMaxBytes = 1 << 20;
constexpr int kMaxDepth = 32;
constexpr int kMaxValues = 100'000;

class Converter {
 public:
  Converter(const std::string& source, SpecTree* tree) : source_(source), tree_(tree) {}

  absl::StatusOr<Json> Convert(const YAML::Node& node, const std::string& path, int depth) {
    const int line = node.Mark().line + 1;
    tree_->lines[path] = line;
    if (depth > kMaxDepth) return Error(line, absl::StrCat("nested deeper than ", kMaxDepth));
    if (++values_ > kMaxValues) {
      return Error(line, absl::StrCat("more than ", kMaxValues, " values"));
    }
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return Scalar(node);
      case YAML::NodeType::Sequence:
        return Sequence(node, path, depth);
      case YAML::NodeType::Map:
        return Map(node, path, depth);
      default:
        return Json(nullptr);
    }
  }

 private:
  absl::Status Error(int line, const std::string& message) const {
    return absl::InvalidArgumentError(absl::StrCat(source_, ":", line, ": ", message));
  }

  // Plain words follow the YAML 1.2 core schema; whatever is quoted is text.
  static Json Scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return text;
    if (text.empty() || text == "~" || text == "null") return nullptr;
    if (text == "true" || text == "True") return true;
    if (text == "false" || text == "False") return false;
    // SimpleAtod would take "0x10" for a hexadecimal number and a label for sixteen.
    const bool numeric = (absl::ascii_isdigit(text.back()) || text.back() == '.') &&
                         text.find_first_of("xX") == std::string::npos;
    int64_t integer = 0;
    if (numeric && absl::SimpleAtoi(text, &integer)) return integer;
    double real = 0;
    if (numeric && absl::SimpleAtod(text, &real) && std::isfinite(real)) return real;
    return text;
  }

  absl::StatusOr<Json> Sequence(const YAML::Node& node, const std::string& path, int depth) {
    Json list = Json::array();
    for (size_t i = 0; i < node.size(); ++i) {
      BB_ASSIGN_OR_RETURN(Json item, Convert(node[i], absl::StrCat(path, "/", i), depth + 1));
      list.push_back(std::move(item));
    }
    return list;
  }

  absl::StatusOr<Json> Map(const YAML::Node& node, const std::string& path, int depth) {
    Json object = Json::object();
    for (const auto& entry : node) {
      const int line = entry.first.Mark().line + 1;
      if (!entry.first.IsScalar()) return Error(line, "a key must be a plain word");
      const std::string key = entry.first.Scalar();
      if (object.contains(key)) return Error(line, absl::StrCat("'", key, "' is given twice"));
      const std::string child = absl::StrCat(path, "/", key);
      BB_ASSIGN_OR_RETURN(Json value, Convert(entry.second, child, depth + 1));
      tree_->lines[child] = line;
      object[key] = std::move(value);
    }
    return object;
  }

  const std::string& source_;
  SpecTree* tree_;
  int values_ = 0;
};

absl::StatusOr<SpecTree> ReadYaml(const std::string& source, const std::string& text) {
  SpecTree tree;
  // yaml-cpp reports by exceptions, both when parsing and when walking.
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, ": ", documents.size(), " documents where one job was expected"));
    }
    Converter converter(source, &tree);
    BB_ASSIGN_OR_RETURN(tree.root, converter.Convert(documents[0], "", 0));
    return tree;
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ":", error.mark.line + 1, ": not YAML: ", error.msg));
  }
}

// Bounds the depth before the recursive parser sees the text.
bool DeeperThan(const std::string& text, int limit) {
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > limit) return true;
  }
  return false;
}

absl::StatusOr<SpecTree> ReadJson(const std::string& source, const std::string& text) {
  SpecTree tree;
  try {
    tree.root = Json::parse(text);
    return tree;
  } catch (const Json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: ..."
    const std::string what = error.what();
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": not JSON: ", what.substr(what.find("] ") + 2)));
  }
}

}  // namespace

absl::StatusOr<SpecTree> ReadSpecTree(const std::string& source, const std::string& text) {
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": ", text.size(), " bytes; at most ", kMaxBytes));
  }
  const absl::string_view body = absl::StripAsciiWhitespace(text);
  if (body.empty()) return absl::InvalidArgumentError(absl::StrCat(source, ": empty"));
  // A brace inside quotes counts too; no real job comes near the limit.
  if (DeeperThan(text, 10 * kMaxDepth)) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": nested deeper than ", kMaxDepth));
  }
  return body[0] == '{' ? ReadJson(source, text) : ReadYaml(source, text);
}

}  // namespace basisbench
