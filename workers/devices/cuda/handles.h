// SPDX-License-Identifier: Apache-2.0
// Streams and events, owned. Destroying one ignores what the library says: the work that could have
// failed has been waited for, or its owner gives up.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "services/base/status_macros.h"
#include "workers/devices/cuda/api.h"
#include "workers/devices/cuda/check.h"

namespace basisbench {

// What `destroy` does when the owner lets go of a handle.
template <typename Pointer, typename Api, auto kDestroy>
struct Destroy {
  Api* api = nullptr;
  using pointer = Pointer;
  void operator()(Pointer handle) const { static_cast<void>((api->*kDestroy)(handle)); }
};
template <typename Pointer, typename Api, auto kDestroy>
using Handle = std::unique_ptr<void, Destroy<Pointer, Api, kDestroy>>;

using Stream = Handle<cudaStream_t, CudaRuntimeApi, &CudaRuntimeApi::StreamDestroy>;
using Event = Handle<cudaEvent_t, CudaRuntimeApi, &CudaRuntimeApi::EventDestroy>;

// Independent of the default stream.
inline absl::StatusOr<Stream> MakeStream(CudaRuntimeApi& api) {
  cudaStream_t stream = nullptr;
  BB_RETURN_IF_ERROR(CheckCuda(api.StreamCreateWithFlags(&stream, cudaStreamNonBlocking),
                               "cudaStreamCreateWithFlags"));
  return Stream(stream, {&api});
}

// `flags`: cudaEventDefault takes the time, cudaEventDisableTiming does not and is cheaper.
inline absl::StatusOr<Event> MakeEvent(CudaRuntimeApi& api, unsigned flags) {
  cudaEvent_t event = nullptr;
  BB_RETURN_IF_ERROR(
      CheckCuda(api.EventCreateWithFlags(&event, flags), "cudaEventCreateWithFlags"));
  return Event(event, {&api});
}

}  // namespace basisbench
