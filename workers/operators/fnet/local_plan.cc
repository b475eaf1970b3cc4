// SPDX-License-Identifier: Apache-2.0
// FNet mixing on one rank:
//   e[i] = (x[-i] + reversed x[i]) / 2, the even part in reverse order, rows 0 to N/2 only
//   real transforms along the rows of e, in place
//   transforms back to real numbers along the columns, which start from N/2 + 1 rows, into Y's
//   columns 0 to d/2
//   Y[k, d - l] = Y[-k, l]
// The reverse order turns the sign of the transform back into the one that is asked for.
#include "services/base/status_macros.h"
#include "workers/operators/fnet/fnet_plans.h"

namespace basisbench {
namespace {

class LocalPlan : public Plan {
 public:
  LocalPlan(const Problem& problem, Device& device)
      : dtype_(problem.dtype),
        device_(device),
        tokens_(problem.shape.tokens),
        width_(problem.shape.d_in) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(dtype_), half = HalfOf(width_);
    BB_ASSIGN_OR_RETURN(x_, device_.Allocate(tokens_ * width_ * size));
    BB_ASSIGN_OR_RETURN(spectrum_, device_.Allocate(HalfOf(tokens_) * 2 * half * size));
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(tokens_ * width_ * size));
    FftDescription rows{.dtype = dtype_, .real_input = true, .n = width_};
    rows.howmany = HalfOf(tokens_);
    rows.in_distance = 2 * half;
    rows.out_distance = half;
    BB_ASSIGN_OR_RETURN(rows_, device_.MakeFft(rows, spectrum_.data(), spectrum_.data()));
    FftDescription columns{.dtype = dtype_, .real_output = true, .n = tokens_, .howmany = half};
    columns.in_stride = half;
    columns.in_distance = 1;
    columns.out_stride = width_;
    columns.out_distance = 1;
    BB_ASSIGN_OR_RETURN(columns_, device_.MakeFft(columns, spectrum_.data(), y_.data()));
    return absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(TakeEvenPart());
    BB_RETURN_IF_ERROR(rows_->Execute());
    BB_RETURN_IF_ERROR(columns_->Execute());
    BB_RETURN_IF_ERROR(Mirror());
    return device_.Synchronize();
  }
  absl::Status RunCompute() override { return Run(); }
  absl::Status RunCommunication() override { return absl::OkStatus(); }

  std::vector<Shard> Inputs() override { return {Whole("x", x_)}; }
  Shard Output() override { return Whole("y", y_); }

 private:
  Shard Whole(const char* tensor, Buffer& buffer) const {
    return {tensor, dtype_, buffer.data(), width_, IndicesOf({0, tokens_}), IndicesOf({0, width_})};
  }
  std::byte* At(Buffer& buffer, int64_t element) const {
    return buffer.data() + element * DtypeSize(dtype_);
  }

  absl::Status TakeEvenPart() {
    for (int64_t i = 0; i < HalfOf(tokens_); ++i) {
      ReflectArgs args{.dtype = dtype_, .count = width_, .scale = 0.5};
      args.x = At(x_, (tokens_ - i) % tokens_ * width_);
      args.z = At(x_, i * width_);
      args.y = At(spectrum_, i * 2 * HalfOf(width_));
      BB_RETURN_IF_ERROR(device_.AddReflected(args));
    }
    return absl::OkStatus();
  }

  // Row 0 is its own mirror, row k that of row N - k.
  absl::Status Mirror() {
    const Piece mirrored = Mirrored({0, HalfOf(width_)}, width_);
    const int64_t last = mirrored.offset + mirrored.count - 1;
    CopyArgs args{.dtype = dtype_, .rows = 1, .cols = mirrored.count};
    args.from = At(y_, last);
    args.from_row_stride = -width_;
    args.from_col_stride = -1;
    args.to = At(y_, width_ - last);
    args.to_row_stride = width_;
    BB_RETURN_IF_ERROR(device_.Copy(args));
    args.rows = tokens_ - 1;
    args.from = At(y_, (tokens_ - 1) * width_ + last);
    args.to = At(y_, 2 * width_ - last);
    return device_.Copy(args);
  }

  const Dtype dtype_;
  Device& device_;
  const int64_t tokens_, width_;
  Buffer x_, spectrum_, y_;  // spectrum_: the even part and its transform, rows padded to it
  std::unique_ptr<FftPlan> rows_, columns_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Plan>> MakeLocalFnetPlan(const Problem& problem, Device& device) {
  auto plan = std::make_unique<LocalPlan>(problem, device);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost LocalFnetCost(const Problem& problem) {
  const int64_t tokens = problem.shape.tokens, width = problem.shape.d_in;
  return {2 * tokens * width + 2 * HalfOf(tokens) * HalfOf(width)};
}

}  // namespace basisbench
