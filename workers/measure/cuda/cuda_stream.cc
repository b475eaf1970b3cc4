// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/cuda/cuda_stream.h"

#include <utility>

#include "services/base/status_macros.h"
#include "workers/devices/cuda/check.h"
#include "workers/devices/cuda/graph.h"
#include "workers/devices/cuda/handles.h"

namespace basisbench {
namespace {

// On a thread of the driver's, which must not call CUDA.
void WaitAtGate(void* gate) { static_cast<Gate*>(gate)->Wait(); }

class GraphReplay : public Replay {
 public:
  explicit GraphReplay(std::unique_ptr<CapturedBody> body) : body_(std::move(body)) {}
  absl::Status Launch() override { return body_->Launch(); }

 private:
  const std::unique_ptr<CapturedBody> body_;
};

class CudaStream : public GpuStream {
 public:
  CudaStream(CudaDevice& device, Event begin, Event end)
      : device_(device), begin_(std::move(begin)), end_(std::move(end)) {}

  absl::StatusOr<std::unique_ptr<Replay>> Capture(const Body& body) override {
    BB_ASSIGN_OR_RETURN(auto captured, CaptureBody(device_, body));
    return std::make_unique<GraphReplay>(std::move(captured));
  }

  absl::Status Hold(Gate& gate) override {
    return CheckCuda(api().LaunchHostFunc(device_.stream(), WaitAtGate, &gate),
                     "cudaLaunchHostFunc");
  }

  absl::Status MarkBegin() override { return Mark(begin_); }
  absl::Status MarkEnd() override { return Mark(end_); }

  absl::StatusOr<double> Elapsed() override {
    float milliseconds = 0;
    BB_RETURN_IF_ERROR(CheckCuda(api().EventElapsedTime(&milliseconds, begin_.get(), end_.get()),
                                 "cudaEventElapsedTime"));
    return 1e-3 * static_cast<double>(milliseconds);
  }

  absl::Status Wait() override { return device_.Synchronize(); }

 private:
  CudaRuntimeApi& api() const { return *device_.api().runtime; }
  absl::Status Mark(const Event& event) {
    return CheckCuda(api().EventRecord(event.get(), device_.stream()), "cudaEventRecord");
  }

  CudaDevice& device_;
  const Event begin_, end_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GpuStream>> MakeCudaStream(CudaDevice& device) {
  BB_ASSIGN_OR_RETURN(Event begin, MakeEvent(*device.api().runtime, cudaEventDefault));
  BB_ASSIGN_OR_RETURN(Event end, MakeEvent(*device.api().runtime, cudaEventDefault));
  return std::make_unique<CudaStream>(device, std::move(begin), std::move(end));
}

}  // namespace basisbench
