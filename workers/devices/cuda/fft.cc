// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/fft.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"

namespace basisbench {
namespace {

cudaDataType TypeOf(Dtype dtype, bool real) {
  if (dtype == Dtype::kF64) return real ? CUDA_R_64F : CUDA_C_64F;
  return real ? CUDA_R_32F : CUDA_C_32F;
}

}  // namespace

class CudaFft::Plan : public FftPlan {
 public:
  Plan(std::shared_ptr<Transform> transform, void* in, void* out, int direction)
      : transform_(std::move(transform)), in_(in), out_(out), direction_(direction) {}

  absl::Status Execute() override {
    if (transform_ == nullptr) return absl::OkStatus();
    return CheckCufft(transform_->api->XtExec(transform_->plan, in_, out_, direction_),
                      "cufftXtExec");
  }

 private:
  const std::shared_ptr<Transform> transform_;  // null when there is nothing to transform
  void* const in_;
  void* const out_;
  const int direction_;
};

absl::StatusOr<std::unique_ptr<FftPlan>> CudaFft::MakePlan(const FftDescription& description,
                                                           void* in, void* out) {
  BB_RETURN_IF_ERROR(CheckFft(description));
  if (IsHalf(description.dtype)) {
    return absl::InvalidArgumentError(
        absl::StrCat("no FFT in ", std::string(DtypeName(description.dtype))));
  }
  const int direction = description.inverse ? CUFFT_INVERSE : CUFFT_FORWARD;
  std::shared_ptr<Transform> transform;
  if (description.howmany > 0) {
    const Key key{description.dtype,       description.real_input,  description.real_output,
                  description.inverse,     description.n,           description.howmany,
                  description.in_stride,   description.in_distance, description.out_stride,
                  description.out_distance};
    transform = made_[key].lock();
    if (transform == nullptr) {
      BB_ASSIGN_OR_RETURN(transform, MakeTransform(description));
      made_[key] = transform;
    }
  }
  return std::make_unique<Plan>(std::move(transform), in, out, direction);
}

absl::StatusOr<std::shared_ptr<CudaFft::Transform>> CudaFft::MakeTransform(
    const FftDescription& d) {
  CufftApi& fft = *api_.fft;
  cufftHandle plan = 0;
  BB_RETURN_IF_ERROR(CheckCufft(fft.Create(&plan), "cufftCreate"));
  auto transform = std::make_shared<Transform>(&fft, plan);
  BB_RETURN_IF_ERROR(CheckCufft(fft.SetAutoAllocation(plan, 0), "cufftSetAutoAllocation"));
  BB_RETURN_IF_ERROR(CheckCufft(fft.SetStream(plan, stream_), "cufftSetStream"));
  // Of one dimension only the strides matter; without a size here the library would ignore them.
  long long n = d.n, in_embed = d.n, out_embed = d.n;
  size_t bytes = 0;
  const cudaDataType complex = TypeOf(d.dtype, false);
  BB_RETURN_IF_ERROR(CheckCufft(
      fft.XtMakePlanMany(plan, 1, &n, &in_embed, d.in_stride, d.in_distance,
                         TypeOf(d.dtype, d.real_input), &out_embed, d.out_stride, d.out_distance,
                         TypeOf(d.dtype, d.real_output), d.howmany, &bytes, complex),
      absl::StrCat("cufftXtMakePlanMany of ", d.howmany, " transforms of length ", d.n)));
  BB_ASSIGN_OR_RETURN(transform->work, pool_.Allocate(static_cast<int64_t>(bytes)));
  BB_RETURN_IF_ERROR(CheckCufft(fft.SetWorkArea(plan, transform->work.data()), "cufftSetWorkArea"));
  return transform;
}

}  // namespace basisbench
