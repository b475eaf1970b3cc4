// SPDX-License-Identifier: Apache-2.0
// Freivalds' projections of a result that stays in the GPU's memory.
#include "services/base/status_macros.h"
#include "workers/devices/cuda/kernels/kernel_device.h"
#include "workers/devices/cuda/kernels/kernels.h"

namespace basisbench {
namespace {

int64_t Bytes(int64_t numbers) { return numbers * static_cast<int64_t>(sizeof(double)); }

}  // namespace

absl::StatusOr<RowProjections> KernelDevice::ProjectRows(const DeviceMatrix& matrix,
                                                         absl::Span<const double> weights) {
  BB_RETURN_IF_ERROR(CheckRowProjection(matrix, weights));
  const auto given = static_cast<int64_t>(weights.size());
  ProjectionArgs args{.dtype = matrix.dtype, .rows = matrix.rows, .cols = matrix.cols};
  args.vectors = given / matrix.cols;
  args.x = matrix.data, args.row_stride = matrix.leading;
  const int64_t count = args.vectors * matrix.rows;
  BB_ASSIGN_OR_RETURN(Buffer v, Allocate(Bytes(given)));
  BB_ASSIGN_OR_RETURN(Buffer results, Allocate(Bytes(2 * count)));
  args.v = v.as<double>(), args.value = results.as<double>();
  args.size = args.value + count;
  BB_RETURN_IF_ERROR(Upload(weights.data(), Bytes(given), v.data()));
  BB_ASSIGN_OR_RETURN(const kernels::Queue queue, Ready());
  BB_RETURN_IF_ERROR(kernels::RunProjection(queue, args));
  RowProjections projections;
  for (std::vector<double>* each : {&projections.value, &projections.size})
    each->resize(static_cast<size_t>(count));
  BB_RETURN_IF_ERROR(Download(args.value, Bytes(count), projections.value.data()));
  BB_RETURN_IF_ERROR(Download(args.size, Bytes(count), projections.size.data()));
  return projections;
}

}  // namespace basisbench
