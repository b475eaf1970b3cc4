// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/cpu_device.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cpu/fft.h"
#include "workers/devices/cpu/gemm.h"
#include "workers/devices/cpu/host_memory.h"
#include "workers/devices/cpu/openblas.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

class CpuDevice : public Device {
 public:
  CpuDevice(const CpuOptions& options, const OpenBlas* blas)
      : blas_(blas), planning_{options.threads, options.time_ffts}, memory_(options.memory_limit) {}

  std::string name() const override { return "cpu"; }

  std::vector<std::pair<std::string, std::string>> Libraries() const override {
    return {{"OpenBLAS", blas_->version},
            {"OpenBLAS kernels", blas_->core},
            HostFftLibrary(),
            {"stage kernels", BestKernels().name}};
  }

  absl::StatusOr<Buffer> Allocate(int64_t bytes) override { return memory_.Allocate(bytes); }
  absl::Status Upload(const void* from, int64_t bytes, void* to) override {
    if (bytes > 0) std::memcpy(to, from, static_cast<size_t>(bytes));
    return absl::OkStatus();
  }
  absl::Status Download(const void* from, int64_t bytes, void* to) override {
    return Upload(from, bytes, to);
  }
  absl::StatusOr<RowProjections> ProjectRows(const DeviceMatrix& matrix,
                                             absl::Span<const double> weights) override {
    BB_RETURN_IF_ERROR(CheckRowProjection(matrix, weights));
    return ProjectRowsOnHost(matrix, weights);
  }
  absl::Status Gemm(const GemmArgs& args) override { return RunGemm(*blas_, args); }
  absl::Status Copy(const CopyArgs& args) override { return RunCopy(args); }
  absl::Status Wht(const WhtArgs& args) override { return RunWht(args); }
  absl::Status Dwt(const DwtArgs& args) override { return RunDwt(args); }
  absl::Status Butterfly(const ButterflyArgs& args) override { return RunButterfly(args); }
  absl::Status AddReflected(const ReflectArgs& args) override { return RunAddReflected(args); }
  absl::Status PairColumns(const PairArgs& args) override { return RunPairColumns(args); }

  absl::Status Product(const ProductArgs& args) override { return RunProduct(args); }
  absl::Status ColumnSum(const ColumnSumArgs& args) override { return RunColumnSum(args); }
  absl::Status Activate(const ActivationArgs& args) override { return RunActivate(args); }
  absl::Status ActivationGradient(const ActivationGradientArgs& args) override {
    return RunActivationGradient(args);
  }
  absl::Status LinearStages(const StagesArgs& args) override { return RunLinearStages(args); }
  absl::Status LinearStagesGradient(const StagesGradientArgs& args) override {
    return RunLinearStagesGradient(args);
  }
  absl::Status Gather(const GatherArgs& args) override { return RunGather(args); }
  absl::Status Convert(const ConvertArgs& args) override { return RunConvert(args); }
  absl::Status SoftmaxStep(const SoftmaxStepArgs& args) override { return RunSoftmaxStep(args); }
  absl::Status SoftmaxEnd(const SoftmaxEndArgs& args) override { return RunSoftmaxEnd(args); }
  absl::Status SoftmaxGradient(const SoftmaxGradientArgs& args) override {
    return RunSoftmaxGradient(args);
  }
  absl::Status DecaySum(const DecaySumArgs& args) override { return RunDecaySum(args); }
  absl::Status DecayProduct(const DecayProductArgs& args) override { return RunDecayProduct(args); }
  absl::Status DecayGradient(const DecayGradientArgs& args) override {
    return RunDecayGradient(args);
  }
  absl::Status Fill(Dtype dtype, int64_t count, double value, void* y) override {
    return RunFill(dtype, count, value, y);
  }

  absl::Status Multiply(Dtype dtype, int64_t count, const void* x, const void* w,
                        void* y) override {
    return RunMultiply(dtype, count, x, w, y);
  }

  absl::StatusOr<std::unique_ptr<FftPlan>> MakeFft(const FftDescription& description, void* in,
                                                   void* out) override {
    return MakeHostFft(description, planning_, in, out);
  }

  absl::Status Synchronize() override { return absl::OkStatus(); }  // every call is synchronous

 private:
  const OpenBlas* const blas_;
  const FftPlanning planning_;
  HostMemory memory_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> MakeCpuDevice(const CpuOptions& options) {
  if (options.threads < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("CPU device threads = ", options.threads, " is below 1"));
  }
  BB_ASSIGN_OR_RETURN(const OpenBlas* blas, LoadOpenBlas());
  // OpenBLAS has one thread count per process; the last device made sets it.
  blas->set_threads(options.threads);
  return std::make_unique<CpuDevice>(options, blas);
}

}  // namespace basisbench
