// SPDX-License-Identifier: Apache-2.0
#include "services/cli/proto_json.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

namespace pb = ::google::protobuf;
using Field = pb::FieldDescriptor;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// `index` < 0 reads a singular field.
Json Value(const pb::Message& message, const Field* field, int index, Defaults defaults) {
  const pb::Reflection& r = *message.GetReflection();
  const bool many = index >= 0;
  switch (field->cpp_type()) {
    case Field::CPPTYPE_BOOL:
      return many ? r.GetRepeatedBool(message, field, index) : r.GetBool(message, field);
    case Field::CPPTYPE_INT32:
      return many ? r.GetRepeatedInt32(message, field, index) : r.GetInt32(message, field);
    case Field::CPPTYPE_UINT32:
      return many ? r.GetRepeatedUInt32(message, field, index) : r.GetUInt32(message, field);
    case Field::CPPTYPE_INT64:
      return many ? r.GetRepeatedInt64(message, field, index) : r.GetInt64(message, field);
    case Field::CPPTYPE_UINT64:
      return many ? r.GetRepeatedUInt64(message, field, index) : r.GetUInt64(message, field);
    case Field::CPPTYPE_FLOAT:
      return Number(many ? r.GetRepeatedFloat(message, field, index) : r.GetFloat(message, field));
    case Field::CPPTYPE_DOUBLE:
      return Number(many ? r.GetRepeatedDouble(message, field, index)
                         : r.GetDouble(message, field));
    case Field::CPPTYPE_ENUM:
      return (many ? r.GetRepeatedEnum(message, field, index) : r.GetEnum(message, field))->name();
    case Field::CPPTYPE_STRING:
      return many ? r.GetRepeatedString(message, field, index) : r.GetString(message, field);
    case Field::CPPTYPE_MESSAGE:
      return ToJson(
          many ? r.GetRepeatedMessage(message, field, index) : r.GetMessage(message, field),
          defaults);
  }
  return nullptr;
}

// Sorted by key: the order inside a map is not defined.
Json MapObject(const pb::Message& message, const Field* field, Defaults defaults) {
  const pb::Reflection& r = *message.GetReflection();
  std::map<std::string, Json> sorted;
  for (int i = 0; i < r.FieldSize(message, field); ++i) {
    const pb::Message& entry = r.GetRepeatedMessage(message, field, i);
    const Json key = Value(entry, field->message_type()->map_key(), -1, defaults);
    sorted[key.is_string() ? key.get<std::string>() : key.dump()] =
        Value(entry, field->message_type()->map_value(), -1, defaults);
  }
  Json object = Json::object();
  for (auto& [key, value] : sorted) object[key] = std::move(value);
  return object;
}

Json Repeated(const pb::Message& message, const Field* field, Defaults defaults) {
  if (field->is_map()) return MapObject(message, field, defaults);
  Json list = Json::array();
  const int size = message.GetReflection()->FieldSize(message, field);
  for (int i = 0; i < size; ++i) list.push_back(Value(message, field, i, defaults));
  return list;
}

// As protojson writes it; a double would round what a file says exactly.
std::string DurationText(const pb::Duration& duration) {
  if (duration.nanos() == 0) return absl::StrCat(duration.seconds(), "s");
  std::string text = absl::StrFormat("%d.%09d", duration.seconds(), duration.nanos());
  text.erase(text.find_last_not_of('0') + 1);
  return text + "s";
}

bool IsDefault(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value.get<double>() == 0;
  return value.empty();
}

}  // namespace

Json ToJson(const pb::Message& message, Defaults defaults) {
  if (const auto* time = dynamic_cast<const pb::Timestamp*>(&message)) return IsoTimeExact(*time);
  if (const auto* duration = dynamic_cast<const pb::Duration*>(&message)) {
    return DurationText(*duration);
  }
  Json object = Json::object();
  const pb::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const Field* field = type.field(i);
    if (field->has_presence() && !message.GetReflection()->HasField(message, field)) continue;
    Json value = field->is_repeated() ? Repeated(message, field, defaults)
                                      : Value(message, field, -1, defaults);
    // A field with presence that is set says something even when it is 0.
    if (defaults == Defaults::kDrop && !field->has_presence() && IsDefault(value)) continue;
    object[field->name()] = std::move(value);
  }
  return object;
}

}  // namespace basisbench
