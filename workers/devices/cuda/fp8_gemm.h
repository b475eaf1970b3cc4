// SPDX-License-Identifier: Apache-2.0
// Products of fp8 tensors on the tensor cores: e4m3 with a scale for each tensor
// (kernels/quantise.h makes them), added up in f32, the result in bf16. Belongs to the device's
// thread; the device outlives it.
//
// The library multiplies such tensors in one layout only ("TN"): both row-major with the sum along
// their rows, the weights thus as out x in. Sizes are multiples of 16 and places aligned to 16
// bytes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/devices/cuda/cuda_device.h"
#include "workers/devices/cuda/lt_matmul.h"

namespace basisbench {

// In device memory, without gaps.
struct Fp8Tensor {
  const uint8_t* values = nullptr;
  const float* scale = nullptr;
};

// y = x w^T: m x n from m x k and n x k.
struct Fp8GemmArgs {
  int64_t m = 0, n = 0, k = 0;
  Fp8Tensor x, w;
  void* y = nullptr;  // bf16
};

class Fp8Gemm {
 public:
  // UNIMPLEMENTED for another device than a GPU's.
  static absl::StatusOr<std::unique_ptr<Fp8Gemm>> Make(Device& device, bool time_algorithms = true);

  // The first run of a size times algorithms and waits for the GPU; later ones only launch.
  // INVALID_ARGUMENT naming a size or place that is no multiple of 16.
  absl::Status Run(const Fp8GemmArgs& args);

  // As CudaDevice::GemmChoices.
  std::vector<std::pair<std::string, std::string>> Choices() const;

 private:
  // m, n, k, and the scales' places, which are part of the description.
  using Key = std::tuple<int64_t, int64_t, int64_t, const float*, const float*>;
  struct Prepared {
    LtMatmul matmul;
    LtChoice choice;
  };

  Fp8Gemm(CudaDevice& device, bool time_algorithms)
      : device_(device), time_algorithms_(time_algorithms) {}
  absl::StatusOr<Prepared> Prepare(const Fp8GemmArgs& args);

  CudaDevice& device_;
  const bool time_algorithms_;
  LtHandle handle_;
  Buffer workspace_;
  std::map<Key, Prepared> prepared_;
};

}  // namespace basisbench
