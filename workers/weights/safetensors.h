// SPDX-License-Identifier: Apache-2.0
// Tensors of a file in the safetensors format: eight bytes of little-endian header length N, N
// bytes of JSON that give each tensor's dtype, shape and place, then the tensors' bytes. A file is
// believed only after every length, place and shape was checked against its size: hostile and
// damaged ones are refused with INVALID_ARGUMENT naming the file, the tensor and the value.
// Source: the format's description in the safetensors repository (Hugging Face).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/weights/mapped_file.h"

namespace basisbench {

struct TensorEntry {
  std::string name;
  std::string dtype;  // as in the file: "F32", "BF16", "I64", ...
  std::vector<int64_t> shape;
  int64_t offset = 0, bytes = 0;  // in the file
};

// rows x cols, row-major.
struct WeightMatrix {
  int64_t rows = 0, cols = 0;
  std::vector<double> values;
};

class SafetensorsFile {
 public:
  static absl::StatusOr<std::unique_ptr<SafetensorsFile>> Open(const std::string& path);

  // Sorted by name.
  const std::vector<TensorEntry>& tensors() const { return tensors_; }

  // A two-dimensional tensor of F64, F32, F16 or BF16, as float64. INVALID_ARGUMENT naming the
  // tensor when it is something else, or holds a value that is not finite.
  absl::StatusOr<WeightMatrix> Read(const TensorEntry& tensor) const;

 private:
  SafetensorsFile(std::unique_ptr<MappedFile> file, std::vector<TensorEntry> tensors)
      : file_(std::move(file)), tensors_(std::move(tensors)) {}

  const std::unique_ptr<MappedFile> file_;
  const std::vector<TensorEntry> tensors_;
};

}  // namespace basisbench
