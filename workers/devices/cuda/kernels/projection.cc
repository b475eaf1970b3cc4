// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/kernels/projection.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/kernel_device.h"
#include "workers/devices/cuda/kernels/kernels.h"

namespace basisbench {
namespace {

int64_t Bytes(int64_t numbers) { return numbers * static_cast<int64_t>(sizeof(double)); }

}  // namespace

absl::StatusOr<RowProjections> ProjectRows(Device& device, const DeviceMatrix& matrix,
                                           absl::Span<const double> weights) {
  BB_RETURN_IF_ERROR(CheckSize("projection", matrix.rows, matrix.cols));
  auto* gpu = dynamic_cast<KernelDevice*>(&device);
  if (gpu == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("device ", device.name(), " has no kernel for projections"));
  }
  const auto given = static_cast<int64_t>(weights.size());
  if (matrix.cols == 0 || given % matrix.cols != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(given, " weights are no whole number of vectors of ", matrix.cols));
  }
  ProjectionArgs args{.dtype = matrix.dtype, .rows = matrix.rows, .cols = matrix.cols};
  args.vectors = given / matrix.cols;
  args.x = matrix.data, args.row_stride = matrix.leading;
  const int64_t count = args.vectors * matrix.rows;
  BB_ASSIGN_OR_RETURN(Buffer v, device.Allocate(Bytes(given)));
  BB_ASSIGN_OR_RETURN(Buffer results, device.Allocate(Bytes(2 * count)));
  args.v = v.as<double>(), args.value = results.as<double>();
  args.size = args.value + count;
  BB_RETURN_IF_ERROR(device.Upload(weights.data(), Bytes(given), v.data()));
  BB_ASSIGN_OR_RETURN(const kernels::Queue queue, gpu->Ready());
  BB_RETURN_IF_ERROR(kernels::RunProjection(queue, args));
  RowProjections projections;
  for (std::vector<double>* each : {&projections.value, &projections.size})
    each->resize(static_cast<size_t>(count));
  BB_RETURN_IF_ERROR(device.Download(args.value, Bytes(count), projections.value.data()));
  BB_RETURN_IF_ERROR(device.Download(args.size, Bytes(count), projections.size.data()));
  return projections;
}

}  // namespace basisbench
