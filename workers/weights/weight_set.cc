// SPDX-License-Identifier: Apache-2.0
#include "workers/weights/weight_set.h"

#include <fnmatch.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxIndexBytes = 100'000'000;

// Tensor to file name.
absl::StatusOr<std::map<std::string, std::string>> ReadIndex(const std::string& path) {
  BB_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  const auto bad = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no index of tensors: ", what));
  };
  if (file->bytes().size() > kMaxIndexBytes)
    return bad(absl::StrCat("it has ", file->bytes().size(), " bytes"));
  const auto* text = reinterpret_cast<const char*>(file->bytes().data());
  const Json json =
      Json::parse(text, text + file->bytes().size(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    return bad("it has no \"weight_map\"");
  std::map<std::string, std::string> places;
  for (const auto& [tensor, name] : json["weight_map"].items()) {
    if (!name.is_string()) return bad(absl::StrCat("tensor '", tensor, "' names no file"));
    const auto file_name = name.get<std::string>();
    if (file_name.empty() || absl::StrContains(file_name, '/') || file_name[0] == '.' ||
        absl::StrContains(file_name, '\0')) {
      return bad(absl::StrCat("tensor '", tensor, "' is in '", file_name,
                              "', which is no name of a file beside it"));
    }
    places[tensor] = file_name;
  }
  return places;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

}  // namespace

absl::StatusOr<WeightSet> WeightSet::Open(const std::string& path) {
  WeightSet set;
  if (!absl::EndsWith(path, ".json")) {
    BB_ASSIGN_OR_RETURN(auto file, SafetensorsFile::Open(path));
    for (const TensorEntry& entry : file->tensors())
      set.tensors_[entry.name] = {file.get(), &entry};
    set.files_.push_back(std::move(file));
    return set;
  }
  BB_ASSIGN_OR_RETURN(const auto places, ReadIndex(path));
  std::map<std::string, const SafetensorsFile*> opened;
  for (const auto& [tensor, name] : places) {
    const SafetensorsFile*& file = opened[name];
    if (file == nullptr) {
      BB_ASSIGN_OR_RETURN(auto made, SafetensorsFile::Open(FolderOf(path) + name));
      file = made.get();
      set.files_.push_back(std::move(made));
    }
    const auto& entries = file->tensors();
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const TensorEntry& entry) { return entry.name == tensor; });
    if (found == entries.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": tensor '", tensor, "' is not in '", name, "'"));
    }
    set.tensors_[tensor] = {file, &*found};
  }
  return set;
}

std::vector<std::string> WeightSet::Matching(const std::string& pattern) const {
  std::vector<std::string> names;
  for (const auto& [name, place] : tensors_) {
    if (::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) names.push_back(name);
  }
  return names;
}

absl::StatusOr<WeightSet::Place> WeightSet::PlaceOf(absl::string_view name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  return absl::NotFoundError(
      absl::StrCat("no tensor '", name, "' among ", tensors_.size(), " tensors"));
}

absl::StatusOr<TensorEntry> WeightSet::Find(absl::string_view name) const {
  BB_ASSIGN_OR_RETURN(const Place place, PlaceOf(name));
  return *place.entry;
}

absl::StatusOr<WeightMatrix> WeightSet::Read(absl::string_view name) const {
  BB_ASSIGN_OR_RETURN(const Place place, PlaceOf(name));
  return place.file->Read(*place.entry);
}

}  // namespace basisbench
