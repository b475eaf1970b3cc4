// SPDX-License-Identifier: Apache-2.0
#include "workers/weights/safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "workers/devices/dtype.h"

namespace basisbench {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kLengthBytes = 8;
// What the format's own library allows.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

// Bytes per element of every dtype of the format.
const std::map<std::string, int64_t>& ElementBytes() {
  static const auto& bytes = *new std::map<std::string, int64_t>{
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1},
      {"U16", 2},  {"I16", 2}, {"F16", 2}, {"BF16", 2},    {"U32", 4},
      {"I32", 4},  {"F32", 4}, {"U64", 8}, {"I64", 8},     {"F64", 8}};
  return bytes;
}

// Those that Read understands.
absl::StatusOr<Dtype> ReadableDtype(const TensorEntry& tensor) {
  if (tensor.dtype == "F32") return Dtype::kF32;
  if (tensor.dtype == "F64") return Dtype::kF64;
  if (tensor.dtype == "F16") return Dtype::kF16;
  if (tensor.dtype == "BF16") return Dtype::kBf16;
  return absl::InvalidArgumentError(absl::StrCat("tensor '", tensor.name, "' has dtype ",
                                                 tensor.dtype, "; can read F64, F32, F16, BF16"));
}

absl::Status Bad(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, " is no safetensors file: ", what));
}

// A JSON number that is a non-negative 64-bit integer.
std::optional<int64_t> Natural(const Json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<uint64_t>();
  if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return static_cast<int64_t>(number);
}

// Elements times bytes per element; nothing on overflow.
std::optional<int64_t> SizeOf(const std::vector<int64_t>& shape, int64_t element) {
  int64_t size = element;
  for (const int64_t length : shape) {
    if (__builtin_mul_overflow(size, length, &size)) return std::nullopt;
  }
  return size;
}

// One entry of the header; `data` is where the tensors begin, `room` how many bytes follow.
absl::StatusOr<TensorEntry> ParseEntry(const std::string& name, const Json& json, int64_t data,
                                       int64_t room) {
  const auto bad = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat("tensor '", name, "' ", what));
  };
  if (!json.is_object() || !json.contains("dtype") || !json["dtype"].is_string() ||
      !json.contains("shape") || !json["shape"].is_array() || !json.contains("data_offsets") ||
      !json["data_offsets"].is_array() || json["data_offsets"].size() != 2) {
    return bad("needs dtype, shape and two data_offsets");
  }
  TensorEntry entry{.name = name, .dtype = json["dtype"].get<std::string>()};
  const auto element = ElementBytes().find(entry.dtype);
  if (element == ElementBytes().end())
    return bad(absl::StrCat("has the unknown dtype '", entry.dtype, "'"));
  for (const Json& length : json["shape"]) {
    const std::optional<int64_t> natural = Natural(length);
    if (!natural.has_value()) return bad(absl::StrCat("has a length of ", length.dump()));
    entry.shape.push_back(*natural);
  }
  const auto begin = Natural(json["data_offsets"][0]), end = Natural(json["data_offsets"][1]);
  if (!begin.has_value() || !end.has_value() || *end < *begin || *end > room) {
    return bad(absl::StrCat("lies at ", json["data_offsets"].dump(), ", outside of the ", room,
                            " bytes of data"));
  }
  const std::optional<int64_t> size = SizeOf(entry.shape, element->second);
  if (size != *end - *begin) {
    return bad(absl::StrCat("of ", entry.dtype, " and shape [", absl::StrJoin(entry.shape, ", "),
                            "] does not fill the ", *end - *begin, " bytes it lies at"));
  }
  entry.offset = data + *begin;
  entry.bytes = *end - *begin;
  return entry;
}

// Refuses keys that come twice: JSON readers keep one of them silently.
class UniqueKeys {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key && !keys_.back().insert(parsed.get<std::string>()).second)
      twice_ = parsed.get<std::string>();
    static_cast<void>(depth);
    return true;
  }
  const std::string& twice() const { return twice_; }

 private:
  std::vector<std::set<std::string>> keys_;
  std::string twice_;
};

absl::StatusOr<Json> ParseHeader(absl::Span<const std::byte> header) {
  const auto* text = reinterpret_cast<const char*>(header.data());
  // Checked before: its parser would take other kinds of value for a header.
  if (header.empty() || text[0] != '{')
    return absl::InvalidArgumentError("its header is no object");
  UniqueKeys keys;
  Json json = Json::parse(text, text + header.size(), std::ref(keys), /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object())
    return absl::InvalidArgumentError("its header is no JSON object");
  if (!keys.twice().empty())
    return absl::InvalidArgumentError(absl::StrCat("its header has '", keys.twice(), "' twice"));
  return json;
}

// Tensors may neither overlap nor leave holes, where something could hide.
absl::Status CheckFilled(std::vector<TensorEntry> tensors, int64_t data, int64_t room) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.bytes < b.bytes;
  });
  int64_t filled = data;
  for (const TensorEntry& tensor : tensors) {
    if (tensor.offset != filled) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", tensor.name, "' begins at byte ", tensor.offset - data,
                       " of the data, the one before it ends at ", filled - data));
    }
    filled += tensor.bytes;
  }
  if (filled == data + room) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(data + room - filled, " bytes at its end belong to no tensor"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Open(const std::string& path) {
  BB_ASSIGN_OR_RETURN(auto file, MappedFile::Open(path));
  const absl::Span<const std::byte> bytes = file->bytes();
  if (bytes.size() < kLengthBytes) {
    return Bad(path, absl::StrCat("it has ", bytes.size(), " bytes, less than a header's length"));
  }
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i)
    length |= std::to_integer<uint64_t>(bytes[i]) << (8 * i);
  if (length > kMaxHeaderBytes || length > bytes.size() - kLengthBytes) {
    return Bad(path, absl::StrCat("its header would have ", length, " bytes, the file has ",
                                  bytes.size()));
  }
  const auto json = ParseHeader(bytes.subspan(kLengthBytes, length));
  if (!json.ok()) return Bad(path, std::string(json.status().message()));
  const auto data = static_cast<int64_t>(kLengthBytes + length);
  const int64_t room = static_cast<int64_t>(bytes.size()) - data;
  std::vector<TensorEntry> tensors;
  for (const auto& [name, entry] : json->items()) {
    if (name == "__metadata__") continue;
    auto tensor = ParseEntry(name, entry, data, room);
    if (!tensor.ok()) return Bad(path, std::string(tensor.status().message()));
    tensors.push_back(*std::move(tensor));
  }
  const absl::Status filled = CheckFilled(tensors, data, room);
  if (!filled.ok()) return Bad(path, std::string(filled.message()));
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorEntry& a, const TensorEntry& b) { return a.name < b.name; });
  return std::unique_ptr<SafetensorsFile>(new SafetensorsFile(std::move(file), std::move(tensors)));
}

absl::StatusOr<WeightMatrix> SafetensorsFile::Read(const TensorEntry& tensor) const {
  BB_ASSIGN_OR_RETURN(const Dtype dtype, ReadableDtype(tensor));
  if (tensor.shape.size() != 2 || tensor.bytes == 0) {
    return absl::InvalidArgumentError(absl::StrCat("tensor '", tensor.name, "' of shape [",
                                                   absl::StrJoin(tensor.shape, ", "),
                                                   "] is no matrix"));
  }
  WeightMatrix matrix{.rows = tensor.shape[0], .cols = tensor.shape[1]};
  matrix.values.resize(static_cast<size_t>(matrix.rows * matrix.cols));
  const std::byte* at = file_->bytes().data() + tensor.offset;
  const int64_t size = DtypeSize(dtype);
  for (double& value : matrix.values) {
    uint64_t element = 0;  // tensors need not be aligned
    std::memcpy(&element, at, static_cast<size_t>(size));
    value = LoadElement(dtype, &element, 0);
    if (!std::isfinite(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", tensor.name, "' holds a value that is not finite at element ",
                       &value - matrix.values.data()));
    }
    at += size;
  }
  return matrix;
}

}  // namespace basisbench
