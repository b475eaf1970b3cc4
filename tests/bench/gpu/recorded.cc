// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/gpu/recorded.h"

#include <nccl.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/bench/expect.h"
#include "workers/devices/cuda/check.h"
#include "workers/devices/cuda/graph.h"
#include "workers/devices/cuda/handles.h"

namespace basisbench {
namespace {

// A graph takes at least so long: the gap before it is then small beside it.
constexpr double kGraphSeconds = 1e-3;
constexpr int kMostInGraph = 512;
// Of the cache, in sets of operands.
constexpr double kCaches = 3;
constexpr int kMostSets = 64;

// What lies between two events on the stream.
class Stopwatch {
 public:
  static absl::StatusOr<std::unique_ptr<Stopwatch>> Make(CudaDevice& device) {
    auto watch = std::make_unique<Stopwatch>();
    watch->stream_ = device.stream();
    BB_ASSIGN_OR_RETURN(watch->start_, MakeEvent(*device.api().runtime, cudaEventDefault));
    BB_ASSIGN_OR_RETURN(watch->end_, MakeEvent(*device.api().runtime, cudaEventDefault));
    return watch;
  }

  absl::StatusOr<double> SecondsOf(const std::function<absl::Status()>& issue) {
    BB_RETURN_IF_ERROR(CheckCuda(cudaEventRecord(start_.get(), stream_), "cudaEventRecord"));
    BB_RETURN_IF_ERROR(issue());
    BB_RETURN_IF_ERROR(CheckCuda(cudaEventRecord(end_.get(), stream_), "cudaEventRecord"));
    BB_RETURN_IF_ERROR(CheckCuda(cudaEventSynchronize(end_.get()), "cudaEventSynchronize"));
    float milliseconds = 0;
    BB_RETURN_IF_ERROR(CheckCuda(cudaEventElapsedTime(&milliseconds, start_.get(), end_.get()),
                                 "cudaEventElapsedTime"));
    return milliseconds * 1e-3;
  }

 private:
  cudaStream_t stream_ = nullptr;
  Event start_, end_;
};

absl::Status IssueAll(const std::vector<Issue>& all, int times) {
  for (int i = 0; i < times; ++i) {
    for (const Issue& issue : all) BB_RETURN_IF_ERROR(issue());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<BenchGpu>> BenchGpu::Make() {
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Device> device, MakeCudaDevice({}));
  return std::unique_ptr<BenchGpu>(new BenchGpu(std::move(device)));
}

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
  BB_ASSIGN_OR_RETURN(const auto watch, Stopwatch::Make(*cuda_));
  return watch->SecondsOf([&] { return IssueAll(all, 1); });
}

absl::StatusOr<TimedBody> BenchGpu::Record(const std::vector<Issue>& all) {
  BB_RETURN_IF_ERROR(SecondsOnce(all).status());
  BB_ASSIGN_OR_RETURN(const double seconds, SecondsOnce(all));
  const double most = std::max(1.0, kMostInGraph / static_cast<double>(all.size()));
  const int times = static_cast<int>(std::clamp(kGraphSeconds / seconds, 1.0, most));
  BB_ASSIGN_OR_RETURN(std::shared_ptr<CapturedBody> graph,
                      CaptureBody(*device_, [&] { return IssueAll(all, times); }));
  BB_ASSIGN_OR_RETURN(std::shared_ptr<Stopwatch> watch, Stopwatch::Make(*cuda_));
  const int recorded = times * static_cast<int>(all.size());
  // Holds what the graph works on.
  return TimedBody([graph, watch, all, recorded](int calls) {
    const int launches = std::max(1, calls / recorded);
    const absl::StatusOr<double> taken = watch->SecondsOf([&]() -> absl::Status {
      for (int i = 0; i < launches; ++i) BB_RETURN_IF_ERROR(graph->Launch());
      return absl::OkStatus();
    });
    Expect(taken.status());
    return *taken / launches / recorded;
  });
}

}  // namespace basisbench
