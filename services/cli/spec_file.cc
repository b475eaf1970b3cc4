// SPDX-License-Identifier: Apache-2.0
#include "services/cli/spec_file.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/proto_json.h"
#include "services/cli/spec_text.h"
#include "services/cli/spec_tree.h"
#include "services/cli/text.h"

namespace basisbench {
namespace {

namespace pb = ::google::protobuf;
using Field = pb::FieldDescriptor;

std::string Kind(const Field* field) {
  switch (field->cpp_type()) {
    case Field::CPPTYPE_BOOL:
      return "true or false";
    case Field::CPPTYPE_STRING:
      return "text";
    case Field::CPPTYPE_DOUBLE:
      return "a number";
    case Field::CPPTYPE_MESSAGE:
      return "a group of fields";
    default:
      return "a whole number";
  }
}

// Rewrites a tree in place into the JSON form of the contract: short notations become messages, a
// single value where a list is meant becomes one, and every field is checked against the contract.
class Normalizer {
 public:
  Normalizer(const std::string& source, const SpecTree& tree) : source_(source), tree_(tree) {}

  absl::Status Message(const pb::Descriptor& type, const std::string& path, Json& value) {
    if (!value.is_object()) {
      return Error(path, absl::StrCat("expected fields of a ", type.name(), ", found ",
                                      value.dump(-1, ' ', false, Json::error_handler_t::replace)));
    }
    for (auto& [key, item] : value.items()) {
      const std::string child = absl::StrCat(path, "/", key);
      const Field* field = type.FindFieldByName(key);
      if (field == nullptr) field = type.FindFieldByCamelcaseName(key);
      if (field == nullptr) return UnknownField(type, key, child);
      BB_RETURN_IF_ERROR(FieldValue(field, child, item));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Error(const std::string& path, const std::string& message) const {
    // A short notation has no lines of its own inside; its nearest parent has.
    for (std::string p = path; !p.empty(); p.resize(p.rfind('/'))) {
      const auto found = tree_.lines.find(p);
      if (found != tree_.lines.end()) {
        return absl::InvalidArgumentError(absl::StrCat(source_, ":", found->second, ": ", message));
      }
    }
    return absl::InvalidArgumentError(absl::StrCat(source_, ": ", message));
  }

  absl::Status UnknownField(const pb::Descriptor& type, const std::string& key,
                            const std::string& path) const {
    std::vector<std::string> names;
    for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
    const std::string hint = DidYouMean(key, names);
    return Error(path, absl::StrCat("no field '", key, "' in ", type.name(),
                                    hint.empty() ? "; have: " + absl::StrJoin(names, ", ") : hint));
  }

  absl::Status FieldValue(const Field* field, const std::string& path, Json& value) {
    if (value.is_null()) return Error(path, absl::StrCat("'", field->name(), "' has no value"));
    if (field->is_map()) return Map(field, path, value);
    if (!field->is_repeated()) return Single(field, path, value);
    if (!value.is_array()) value = Json::array({value});
    for (size_t i = 0; i < value.size(); ++i) {
      BB_RETURN_IF_ERROR(Single(field, absl::StrCat(path, "/", i), value[i]));
    }
    return absl::OkStatus();
  }

  absl::Status Map(const Field* field, const std::string& path, Json& value) {
    if (!value.is_object()) {
      return Error(path, absl::StrCat("'", field->name(), "' must be key: value pairs"));
    }
    for (auto& [key, item] : value.items()) {
      if (item.is_structured() || item.is_null()) {
        return Error(absl::StrCat(path, "/", key),
                     absl::StrCat("'", field->name(), ".", key, "' must be one value"));
      }
      if (!item.is_string()) item = item.dump();
    }
    return absl::OkStatus();
  }

  // Replaces a scalar by the message it is a short notation of.
  template <typename Message>
  absl::Status Expand(absl::StatusOr<Message> parsed, const std::string& path, Json& value) {
    if (!parsed.ok()) return Error(path, std::string(parsed.status().message()));
    value = ToJson(*parsed, Defaults::kDrop);
    return absl::OkStatus();
  }

  absl::Status Single(const Field* field, const std::string& path, Json& value) {
    const bool scalar = value.is_string() || value.is_number();
    const std::string text = value.is_string()
                                 ? value.get<std::string>()
                                 : value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
      const std::string& type = field->message_type()->full_name();
      if (type == "google.protobuf.Duration") {
        if (!scalar) return Error(path, absl::StrCat("'", text, "' is not a duration"));
        return Expand(ParseDuration(text), path, value);
      }
      if (scalar && field->message_type()->name() == "OperatorSpec") {
        return Expand(ParseOperator(text), path, value);
      }
      if (scalar && field->message_type()->name() == "Shape") {
        return Expand(ParseShape(text), path, value);
      }
      return Message(*field->message_type(), path, value);
    }
    const bool fits = field->cpp_type() == Field::CPPTYPE_STRING
                          ? value.is_string() || value.is_number()
                      : field->cpp_type() == Field::CPPTYPE_BOOL   ? value.is_boolean()
                      : field->cpp_type() == Field::CPPTYPE_DOUBLE ? value.is_number()
                                                                   : IsInteger(value);
    if (!fits) {
      return Error(path,
                   absl::StrCat("'", field->name(), "' must be ", Kind(field), ", not ", text));
    }
    if (field->cpp_type() == Field::CPPTYPE_STRING && !value.is_string()) value = text;
    return absl::OkStatus();
  }

  // protojson writes 64-bit integers as text, so that is accepted as well.
  static bool IsInteger(const Json& value) {
    if (value.is_number_integer()) return true;
    if (!value.is_string()) return false;
    const auto& text = value.get_ref<const std::string&>();
    return !text.empty() &&
           text.find_first_not_of("0123456789", text[0] == '-') == std::string::npos;
  }

  const std::string& source_;
  const SpecTree& tree_;
};

}  // namespace

absl::StatusOr<v1::JobSpec> ParseSpec(const std::string& source, const std::string& text) {
  BB_ASSIGN_OR_RETURN(SpecTree tree, ReadSpecTree(source, text));
  Json root = tree.root;
  BB_RETURN_IF_ERROR(Normalizer(source, tree).Message(*v1::JobSpec::descriptor(), "", root));
  v1::JobSpec spec;
  pb::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  const auto parsed = pb::util::JsonStringToMessage(
      root.dump(-1, ' ', false, Json::error_handler_t::replace), &spec, options);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": ", std::string(parsed.message().data(), parsed.message().size())));
  }
  return spec;
}

}  // namespace basisbench
