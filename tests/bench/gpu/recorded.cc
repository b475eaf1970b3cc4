// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/gpu/recorded.h"

#include <nccl.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/bench/expect.h"
#include "tests/fakes/forwarding_cuda.h"
#include "workers/devices/cuda/check.h"
#include "workers/devices/cuda/cuda_device.h"
#include "workers/devices/cuda/handles.h"

namespace basisbench {
namespace {

// A graph takes at least so long: the gap before it is then small beside it.
constexpr double kGraphSeconds = 1e-3;
constexpr int kMostInGraph = 512;
// Of the cache, in sets of operands.
constexpr double kCaches = 3;
constexpr int kMostSets = 64;

}  // namespace

// Knows the device's stream, and lets plans be recorded: a stream that is cannot be waited for, nor
// need it be, as a graph keeps the order.
class BenchGpu::Runtime : public ForwardingCudaRuntime {
 public:
  Runtime() : ForwardingCudaRuntime(*RealCudaApi().runtime) {}
  cudaError_t StreamCreateWithFlags(cudaStream_t* stream, unsigned flags) override {
    const cudaError_t code = ForwardingCudaRuntime::StreamCreateWithFlags(stream, flags);
    if (code == cudaSuccess && first_ == nullptr) first_ = *stream;
    return code;
  }
  cudaError_t StreamSynchronize(cudaStream_t stream) override {
    return recording_ ? cudaSuccess : ForwardingCudaRuntime::StreamSynchronize(stream);
  }
  cudaStream_t first() const { return first_; }
  void set_recording(bool recording) { recording_ = recording; }

 private:
  cudaStream_t first_ = nullptr;
  bool recording_ = false;
};

struct BenchGpu::Graph {
  cudaGraphExec_t executable = nullptr;
  Event start, end;
  ~Graph() {
    if (executable != nullptr) static_cast<void>(cudaGraphExecDestroy(executable));
  }
};

BenchGpu::BenchGpu() : runtime_(std::make_unique<Runtime>()) {}
BenchGpu::~BenchGpu() = default;

absl::StatusOr<std::unique_ptr<BenchGpu>> BenchGpu::Make() {
  auto gpu = std::unique_ptr<BenchGpu>(new BenchGpu);
  CudaApi api = RealCudaApi();
  api.runtime = gpu->runtime_.get();
  BB_ASSIGN_OR_RETURN(gpu->device_, MakeCudaDevice({}, api));
  return gpu;
}

cudaStream_t BenchGpu::stream() const { return runtime_->first(); }

std::vector<std::pair<std::string, std::string>> BenchGpu::Libraries() const {
  cudaDeviceProp properties = {};
  int driver = 0, nccl = 0;
  Expect(CheckCuda(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties"));
  static_cast<void>(cudaDriverGetVersion(&driver));
  static_cast<void>(ncclGetVersion(&nccl));
  std::vector<std::pair<std::string, std::string>> libraries = {
      {"GPU", absl::StrCat(properties.name, ", ", properties.multiProcessorCount,
                           " multiprocessors, ", properties.totalGlobalMem >> 20, " MiB, L2 ",
                           properties.l2CacheSize >> 20, " MiB")},
      {"CUDA of the driver", absl::StrCat(driver)}};
  for (auto& library : device_->Libraries()) libraries.push_back(std::move(library));
  libraries.push_back({"NCCL", absl::StrCat(nccl)});
  return libraries;
}

int BenchGpu::Sets(double bytes_moved, int64_t bytes_held) const {
  int cache = 0;
  size_t free = 0, total = 0;
  Expect(CheckCuda(cudaDeviceGetAttribute(&cache, cudaDevAttrL2CacheSize, 0),
                   "cudaDeviceGetAttribute(L2CacheSize)"));
  Expect(CheckCuda(cudaMemGetInfo(&free, &total), "cudaMemGetInfo"));
  const double wanted = kCaches * cache / bytes_moved + 1;
  const double fitting = 0.4 * static_cast<double>(free) / static_cast<double>(bytes_held);
  return static_cast<int>(std::clamp(std::min(wanted, fitting), 1.0, double{kMostSets}));
}

absl::StatusOr<double> BenchGpu::SecondsOnce(const std::vector<Issue>& all) {
  BB_ASSIGN_OR_RETURN(const Event start, MakeEvent(*runtime_, cudaEventDefault));
  BB_ASSIGN_OR_RETURN(const Event end, MakeEvent(*runtime_, cudaEventDefault));
  BB_RETURN_IF_ERROR(CheckCuda(cudaEventRecord(start.get(), stream()), "cudaEventRecord"));
  for (const Issue& issue : all) BB_RETURN_IF_ERROR(issue());
  BB_RETURN_IF_ERROR(CheckCuda(cudaEventRecord(end.get(), stream()), "cudaEventRecord"));
  BB_RETURN_IF_ERROR(CheckCuda(cudaEventSynchronize(end.get()), "cudaEventSynchronize"));
  float milliseconds = 0;
  BB_RETURN_IF_ERROR(CheckCuda(cudaEventElapsedTime(&milliseconds, start.get(), end.get()),
                               "cudaEventElapsedTime"));
  return milliseconds * 1e-3;
}

absl::Status BenchGpu::Capture(const std::vector<Issue>& all, int times, Graph& graph) {
  BB_RETURN_IF_ERROR(CheckCuda(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeRelaxed),
                               "cudaStreamBeginCapture"));
  runtime_->set_recording(true);
  absl::Status issued;
  for (int i = 0; i < times; ++i) {
    for (const Issue& issue : all) {
      if (issued.ok()) issued = issue();
    }
  }
  runtime_->set_recording(false);
  cudaGraph_t recorded = nullptr;
  const absl::Status ended =
      CheckCuda(cudaStreamEndCapture(stream(), &recorded), "cudaStreamEndCapture");
  absl::Status status = issued.ok() ? ended : issued;
  if (status.ok()) {
    status =
        CheckCuda(cudaGraphInstantiate(&graph.executable, recorded, 0), "cudaGraphInstantiate");
  }
  if (recorded != nullptr) static_cast<void>(cudaGraphDestroy(recorded));
  runtime_->GetLastError();
  return status;
}

absl::StatusOr<TimedBody> BenchGpu::Record(const std::vector<Issue>& all) {
  BB_RETURN_IF_ERROR(SecondsOnce(all).status());
  BB_ASSIGN_OR_RETURN(const double seconds, SecondsOnce(all));
  const int times = static_cast<int>(
      std::clamp(kGraphSeconds / seconds, 1.0, std::max(1.0, double{kMostInGraph} / all.size())));
  auto graph = std::make_shared<Graph>();
  BB_RETURN_IF_ERROR(Capture(all, times, *graph));
  BB_ASSIGN_OR_RETURN(graph->start, MakeEvent(*runtime_, cudaEventDefault));
  BB_ASSIGN_OR_RETURN(graph->end, MakeEvent(*runtime_, cudaEventDefault));
  const int recorded = times * static_cast<int>(all.size());
  // Holds what the graph works on.
  return TimedBody([this, graph, all, recorded](int calls) {
    const int launches = std::max(1, calls / recorded);
    const Event &start = graph->start, &end = graph->end;
    Expect(CheckCuda(cudaEventRecord(start.get(), stream()), "cudaEventRecord"));
    for (int i = 0; i < launches; ++i)
      Expect(CheckCuda(cudaGraphLaunch(graph->executable, stream()), "cudaGraphLaunch"));
    Expect(CheckCuda(cudaEventRecord(end.get(), stream()), "cudaEventRecord"));
    Expect(CheckCuda(cudaEventSynchronize(end.get()), "cudaEventSynchronize"));
    float milliseconds = 0;
    Expect(CheckCuda(cudaEventElapsedTime(&milliseconds, start.get(), end.get()),
                     "cudaEventElapsedTime"));
    return milliseconds * 1e-3 / launches / recorded;
  });
}

}  // namespace basisbench
