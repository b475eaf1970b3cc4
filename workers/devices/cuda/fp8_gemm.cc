// SPDX-License-Identifier: Apache-2.0
// In the library's columns: Y^T = (W^T)^T X^T, W^T being k x n as it lies there.
#include "workers/devices/cuda/fp8_gemm.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr int64_t kMultiple = 16;
constexpr int64_t kWorkspaceBytes = int64_t{32} << 20;
constexpr float kOne = 1, kZero = 0;

absl::Status CheckMultiple(absl::string_view what, int64_t value) {
  if (value > 0 && value % kMultiple == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("fp8 products need multiples of ", kMultiple, ", and ", what, " is ", value));
}

absl::Status CheckPlace(absl::string_view what, const void* data) {
  const auto rest = static_cast<int64_t>(reinterpret_cast<uintptr_t>(data) % kMultiple);
  if (data != nullptr && rest == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("fp8 products need places aligned to ", kMultiple, " bytes, and ", what,
                   data == nullptr ? " has none" : absl::StrCat(" is ", rest, " behind one")));
}

absl::Status Check(const Fp8GemmArgs& args) {
  BB_RETURN_IF_ERROR(CheckMultiple("m", args.m));
  BB_RETURN_IF_ERROR(CheckMultiple("n", args.n));
  BB_RETURN_IF_ERROR(CheckMultiple("k", args.k));
  BB_RETURN_IF_ERROR(CheckPlace("x", args.x.values));
  BB_RETURN_IF_ERROR(CheckPlace("w", args.w.values));
  BB_RETURN_IF_ERROR(CheckPlace("y", args.y));
  if (args.x.scale != nullptr && args.w.scale != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError("fp8 tensors need a scale each");
}

LtOperands Operands(const Fp8GemmArgs& args) {
  return {&kOne, args.w.values, args.x.values, &kZero, args.y, args.y};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Fp8Gemm>> Fp8Gemm::Make(Device& device, bool time_algorithms) {
  CudaDevice* gpu = AsCuda(device);
  if (gpu == nullptr)
    return absl::UnimplementedError(absl::StrCat("device ", device.name(), " has no fp8 products"));
  auto gemm = std::unique_ptr<Fp8Gemm>(new Fp8Gemm(*gpu, time_algorithms));
  CublasLtApi* blas = gpu->api().blas;
  cublasLtHandle_t handle = nullptr;
  BB_RETURN_IF_ERROR(CheckCublas(blas->Create(&handle), "cublasLtCreate"));
  gemm->handle_ = LtHandle(handle, {blas});
  BB_ASSIGN_OR_RETURN(gemm->workspace_, device.Allocate(kWorkspaceBytes));
  return gemm;
}

absl::Status Fp8Gemm::Run(const Fp8GemmArgs& args) {
  BB_RETURN_IF_ERROR(Check(args));
  const Key key(args.m, args.n, args.k, args.x.scale, args.w.scale);
  auto found = prepared_.find(key);
  if (found == prepared_.end()) {
    BB_ASSIGN_OR_RETURN(Prepared prepared, Prepare(args));
    found = prepared_.emplace(key, std::move(prepared)).first;
  }
  return found->second.matmul.Launch(found->second.choice.algorithm, Operands(args));
}

absl::StatusOr<Fp8Gemm::Prepared> Fp8Gemm::Prepare(const Fp8GemmArgs& args) {
  const CudaApi& api = device_.api();
  const LtPlace place{api.blas, handle_.get(), workspace_.data(), workspace_.bytes(),
                      device_.stream()};
  LtProduct product;
  product.transpose_a = true;
  product.a = {.type = CUDA_R_8F_E4M3, .rows = args.k, .cols = args.n, .leading = args.k};
  product.b = {.type = CUDA_R_8F_E4M3, .rows = args.k, .cols = args.m, .leading = args.k};
  product.c = {.type = CUDA_R_16BF, .rows = args.n, .cols = args.m, .leading = args.n};
  product.a_scale = args.w.scale, product.b_scale = args.x.scale;
  BB_ASSIGN_OR_RETURN(LtMatmul matmul, LtMatmul::Make(place, product));
  BB_ASSIGN_OR_RETURN(const LtChoice choice,
                      matmul.Choose(absl::StrCat("e4m3 ", args.m, "x", args.n, "x", args.k),
                                    time_algorithms_ ? api.runtime : nullptr, Operands(args)));
  return Prepared{std::move(matmul), choice};
}

std::vector<std::pair<std::string, std::string>> Fp8Gemm::Choices() const {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const auto& [key, prepared] : prepared_) {
    choices.emplace_back(
        absl::StrCat("e4m3 ", std::get<0>(key), "x", std::get<1>(key), "x", std::get<2>(key)),
        prepared.matmul.Describe(prepared.choice));
  }
  return choices;
}

}  // namespace basisbench
