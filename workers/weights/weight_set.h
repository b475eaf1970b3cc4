// SPDX-License-Identifier: Apache-2.0
// The tensors of a model: one safetensors file, or several behind an index
// (model.safetensors.index.json, whose "weight_map" tells the file of each tensor). Files of an
// index lie in its folder; names that lead out of it are refused.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "workers/weights/safetensors.h"

namespace basisbench {

class WeightSet {
 public:
  // Opens and checks every file. INVALID_ARGUMENT naming what is wrong: a tensor of the index that
  // its file does not have, a file name with a slash.
  static absl::StatusOr<WeightSet> Open(const std::string& path);

  // Names of all tensors, sorted, that match a shell pattern ("*", "model.layers.0.*").
  std::vector<std::string> Matching(const std::string& pattern) const;

  // NOT_FOUND naming the tensor.
  absl::StatusOr<TensorEntry> Find(absl::string_view name) const;
  absl::StatusOr<WeightMatrix> Read(absl::string_view name) const;

 private:
  struct Place {
    const SafetensorsFile* file;
    const TensorEntry* entry;
  };
  absl::StatusOr<Place> PlaceOf(absl::string_view name) const;

  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::map<std::string, Place, std::less<>> tensors_;
};

}  // namespace basisbench
