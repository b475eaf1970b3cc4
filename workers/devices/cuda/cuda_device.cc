// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/cuda_device.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/fft.h"
#include "workers/devices/cuda/gemm.h"

namespace basisbench {
namespace {

// Partial results of reductions.
constexpr int64_t kScratchBytes = int64_t{4} << 20;
// What the kernels are compiled for, and how much shared memory they take for granted.
constexpr int kOldestMajor = 9;

class Gpu : public CudaDevice {
 public:
  Gpu(const CudaOptions& options, const CudaApi& api, Stream stream)
      : options_(options),
        api_(api),
        stream_(std::move(stream)),
        pool_(*api.runtime, stream_.get(), options.memory_limit),
        fft_(api, stream_.get(), pool_) {}

  absl::Status Prepare() {
    int multiprocessors = 0;
    BB_RETURN_IF_ERROR(
        CheckCuda(api_.runtime->DeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount,
                                                   options_.index),
                  "cudaDeviceGetAttribute(MultiProcessorCount)"));
    BB_ASSIGN_OR_RETURN(gemm_, CudaGemm::Make(api_, stream_.get(), pool_,
                                              {.time_algorithms = options_.time_gemms}));
    BB_ASSIGN_OR_RETURN(scratch_, pool_.Allocate(kScratchBytes));
    queue_ = {stream_.get(), scratch_.data(), scratch_.bytes(), multiprocessors};
    return absl::OkStatus();
  }

  const CudaApi& api() const override { return api_; }
  bool MultipliesHalves() const override { return true; }
  bool HasTf32() const override { return true; }
  absl::Status MultiplyInTf32(bool on) override {
    in_tf32_ = on;
    return absl::OkStatus();
  }
  cudaStream_t stream() const override { return stream_.get(); }

  std::vector<std::pair<std::string, std::string>> GemmChoices() const override {
    return gemm_->Choices();
  }

  std::string name() const override { return absl::StrCat("cuda:", options_.index); }

  std::vector<std::pair<std::string, std::string>> Libraries() const override {
    int runtime = 0, fft = 0;
    static_cast<void>(api_.runtime->RuntimeGetVersion(&runtime));
    static_cast<void>(api_.fft->GetVersion(&fft));
    return {{"CUDA", absl::StrCat(runtime)},
            {"cuBLASLt", absl::StrCat(api_.blas->GetVersion())},
            {"cuFFT", absl::StrCat(fft)}};
  }

  absl::StatusOr<Buffer> Allocate(int64_t bytes) override {
    BB_RETURN_IF_ERROR(MakeCurrent());
    return pool_.Allocate(bytes);
  }

  absl::Status Upload(const void* from, int64_t bytes, void* to) override {
    return Transfer(from, bytes, to, cudaMemcpyHostToDevice);
  }
  absl::Status Download(const void* from, int64_t bytes, void* to) override {
    return Transfer(from, bytes, to, cudaMemcpyDeviceToHost);
  }

  absl::Status Gemm(const GemmArgs& args) override {
    BB_RETURN_IF_ERROR(CheckGemm(args));
    if (args.m == 0 || args.n == 0 || args.batch == 0) return absl::OkStatus();
    if (args.k == 0) return ScaleC(args);
    BB_RETURN_IF_ERROR(MakeCurrent());
    if (!in_tf32_ || args.dtype != Dtype::kF32) return gemm_->Run(args);
    GemmArgs rounded = args;
    rounded.dtype = Dtype::kTf32;
    return gemm_->Run(rounded);
  }

  absl::StatusOr<std::unique_ptr<FftPlan>> MakeFft(const FftDescription& description, void* in,
                                                   void* out) override {
    BB_RETURN_IF_ERROR(MakeCurrent());
    return fft_.MakePlan(description, in, out);
  }

  absl::Status Synchronize() override {
    BB_RETURN_IF_ERROR(MakeCurrent());
    return CheckCuda(api_.runtime->StreamSynchronize(stream_.get()), "cudaStreamSynchronize");
  }

  absl::StatusOr<kernels::Queue> Ready() override {
    BB_RETURN_IF_ERROR(MakeCurrent());
    return queue_;
  }

 private:
  // A launch goes to the thread's current device, which another library may have changed.
  absl::Status MakeCurrent() {
    int current = -1;
    BB_RETURN_IF_ERROR(CheckCuda(api_.runtime->GetDevice(&current), "cudaGetDevice"));
    if (current == options_.index) return absl::OkStatus();
    return CheckCuda(api_.runtime->SetDevice(options_.index), "cudaSetDevice");
  }

  absl::Status Transfer(const void* from, int64_t bytes, void* to, cudaMemcpyKind kind) {
    if (bytes == 0) return absl::OkStatus();
    BB_RETURN_IF_ERROR(MakeCurrent());
    BB_RETURN_IF_ERROR(CheckCuda(
        api_.runtime->MemcpyAsync(to, from, static_cast<size_t>(bytes), kind, stream_.get()),
        "cudaMemcpyAsync"));
    return Synchronize();
  }

  // An empty sum: C = beta C. The libraries refuse it.
  absl::Status ScaleC(const GemmArgs& args) {
    for (int64_t i = 0; i < args.batch; ++i) {
      ProductArgs scale{.dtype = args.dtype, .rows = args.m, .cols = args.n};
      scale.x = scale.y =
          static_cast<std::byte*>(args.c) + i * args.stride_c * DtypeSize(args.dtype);
      scale.x_row_stride = scale.y_row_stride = args.ldc;
      scale.alpha = args.beta;
      BB_RETURN_IF_ERROR(Product(scale));
    }
    return absl::OkStatus();
  }

  const CudaOptions options_;
  const CudaApi api_;
  // Destroyed from the last up: what uses the pool before it, the pool before its stream.
  const Stream stream_;
  CudaPool pool_;
  CudaFft fft_;
  std::unique_ptr<CudaGemm> gemm_;
  bool in_tf32_ = false;
  Buffer scratch_;
  kernels::Queue queue_;
};

absl::Status CheckIsUsable(CudaRuntimeApi& api, int index) {
  int count = 0;
  const absl::Status counted = CheckCuda(api.GetDeviceCount(&count), "cudaGetDeviceCount");
  if (!counted.ok() || count == 0) {
    api.GetLastError();
    return absl::UnavailableError(absl::StrCat("no GPU is visible to this process",
                                               counted.ok() ? "" : ": ", counted.message()));
  }
  if (index < 0 || index >= count) {
    return absl::InvalidArgumentError(
        absl::StrCat("GPU ", index, " of ", count, " visible: indices are 0 to ", count - 1));
  }
  int major = 0;
  BB_RETURN_IF_ERROR(
      CheckCuda(api.DeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index),
                "cudaDeviceGetAttribute(ComputeCapabilityMajor)"));
  if (major >= kOldestMajor) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("GPU ", index, " has compute capability ",
                                                    major, ".x; the kernels are built for ",
                                                    kOldestMajor, ".0 and later"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> MakeCudaDevice(const CudaOptions& options,
                                                       const CudaApi& api) {
  BB_RETURN_IF_ERROR(CheckIsUsable(*api.runtime, options.index));
  BB_RETURN_IF_ERROR(CheckCuda(api.runtime->SetDevice(options.index), "cudaSetDevice"));
  BB_ASSIGN_OR_RETURN(Stream stream, MakeStream(*api.runtime));
  auto device = std::make_unique<Gpu>(options, api, std::move(stream));
  BB_RETURN_IF_ERROR(device->Prepare());
  return device;
}

absl::StatusOr<std::unique_ptr<Device>> MakeCudaDevice(const CudaOptions& options) {
  return MakeCudaDevice(options, RealCudaApi());
}

}  // namespace basisbench
