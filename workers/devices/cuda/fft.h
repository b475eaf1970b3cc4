// SPDX-License-Identifier: Apache-2.0
// Fourier transforms by cuFFT. Plans of one description share the library's plan and its workspace
// while one of them lives: they run one after the other on one stream. One thread.
#pragma once

#include <map>
#include <memory>
#include <tuple>

#include "absl/status/statusor.h"
#include "workers/devices/cuda/handles.h"
#include "workers/devices/cuda/pool.h"
#include "workers/devices/device.h"

namespace basisbench {

class CudaFft {
 public:
  CudaFft(const CudaApi& api, cudaStream_t stream, CudaPool& pool)
      : api_(api), stream_(stream), pool_(pool) {}

  // INVALID_ARGUMENT naming the argument; what cuFFT says of a shape it cannot do. The device
  // outlives the plan.
  absl::StatusOr<std::unique_ptr<FftPlan>> MakePlan(const FftDescription& description, void* in,
                                                    void* out);

 private:
  // cuFFT numbers its plans.
  struct Transform {
    CufftApi* api = nullptr;
    cufftHandle plan = 0;
    Buffer work;
    Transform(CufftApi* library, cufftHandle handle) : api(library), plan(handle) {}
    Transform(const Transform&) = delete;
    Transform& operator=(const Transform&) = delete;
    ~Transform() { static_cast<void>(api->Destroy(plan)); }
  };
  class Plan;
  using Key =
      std::tuple<Dtype, bool, bool, bool, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;

  absl::StatusOr<std::shared_ptr<Transform>> MakeTransform(const FftDescription& description);

  const CudaApi api_;
  const cudaStream_t stream_;
  CudaPool& pool_;
  std::map<Key, std::weak_ptr<Transform>> made_;
};

}  // namespace basisbench
