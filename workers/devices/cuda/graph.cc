// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/graph.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cuda/cuda_device.h"
#include "workers/devices/cuda/handles.h"

namespace basisbench {
namespace {

using Graph = Handle<cudaGraph_t, CudaRuntimeApi, &CudaRuntimeApi::GraphDestroy>;
using Executable = Handle<cudaGraphExec_t, CudaRuntimeApi, &CudaRuntimeApi::GraphExecDestroy>;

class GraphBody : public CapturedBody {
 public:
  GraphBody(CudaDevice& device, Executable executable)
      : device_(device), executable_(std::move(executable)) {}

  absl::Status Launch() override {
    return CheckCuda(device_.api().runtime->GraphLaunch(executable_.get(), device_.stream()),
                     "cudaGraphLaunch");
  }

 private:
  CudaDevice& device_;
  const Executable executable_;
};

absl::Status CannotBeCaptured(const absl::Status& why) {
  if (!absl::IsUnimplemented(why)) return why;
  return absl::UnimplementedError(absl::StrCat("cannot be captured: ", why.message()));
}

// What `body` issued on the stream. The capture is ended whatever happens, or nothing could be done
// with the stream ever after.
absl::StatusOr<Graph> Record(CudaDevice& device, const std::function<absl::Status()>& body) {
  CudaRuntimeApi& api = *device.api().runtime;
  BB_RETURN_IF_ERROR(
      CheckCuda(api.StreamBeginCapture(device.stream(), cudaStreamCaptureModeThreadLocal),
                "cudaStreamBeginCapture"));
  const absl::Status issued = body();
  cudaGraph_t recorded = nullptr;
  const cudaError_t ended = api.StreamEndCapture(device.stream(), &recorded);
  Graph graph(recorded, {&api});
  if (issued.ok() && ended == cudaSuccess) return graph;
  api.GetLastError();
  BB_RETURN_IF_ERROR(issued);
  return CheckCuda(ended, "cudaStreamEndCapture");
}

absl::StatusOr<Executable> Instantiate(CudaDevice& device, const Graph& graph) {
  CudaRuntimeApi& api = *device.api().runtime;
  cudaGraphExec_t made = nullptr;
  BB_RETURN_IF_ERROR(
      CheckCuda(api.GraphInstantiate(&made, graph.get(), 0), "cudaGraphInstantiate"));
  Executable executable(made, {&api});
  // Or the first launch would do it.
  BB_RETURN_IF_ERROR(CheckCuda(api.GraphUpload(made, device.stream()), "cudaGraphUpload"));
  return executable;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CapturedBody>> CaptureBody(
    Device& device, const std::function<absl::Status()>& body) {
  CudaDevice* gpu = AsCuda(device);
  if (gpu == nullptr) {
    return CannotBeCaptured(
        absl::UnimplementedError(absl::StrCat("device ", device.name(), " is no GPU")));
  }
  const absl::StatusOr<Graph> graph = Record(*gpu, body);
  if (!graph.ok()) return CannotBeCaptured(graph.status());
  BB_ASSIGN_OR_RETURN(Executable executable, Instantiate(*gpu, *graph));
  return std::make_unique<GraphBody>(*gpu, std::move(executable));
}

}  // namespace basisbench
