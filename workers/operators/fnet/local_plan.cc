// SPDX-License-Identifier: Apache-2.0
// FNet mixing on one rank:
//   e[i] = (x[i] + reversed x[-i]) / 2, the even part, rows 0 to N/2
//   real transforms along the rows of e, in place
//   two columns as one complex column of N rows; transforms along these, in place
//   columns 0 to d/2 of Y, and Y[k, d - l] = Y[-k, l]
#include "services/base/status_macros.h"
#include "workers/operators/fnet/fnet_plans.h"

namespace basisbench {
namespace {

// Elements of a row of the even part and of its transform; rows begin where registers do.
int64_t EvenRow(int64_t width) {
  constexpr int64_t kUnit = 16;
  return (2 * HalfOf(width) + kUnit - 1) / kUnit * kUnit;
}

class LocalPlan : public Plan {
 public:
  LocalPlan(const Problem& problem, Device& device)
      : problem_(problem),
        device_(device),
        tokens_(problem.shape.tokens),
        width_(problem.shape.d_in),
        half_(HalfOf(width_)),
        even_row_(EvenRow(width_)) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(problem_.dtype);
    BB_ASSIGN_OR_RETURN(x_, device_.Allocate(tokens_ * width_ * size));
    BB_ASSIGN_OR_RETURN(even_, device_.Allocate(HalfOf(tokens_) * even_row_ * size));
    BB_ASSIGN_OR_RETURN(pairs_, device_.Allocate(tokens_ * PaddedToPairs(half_) * size));
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(tokens_ * width_ * size));
    FftDescription rows{.dtype = problem_.dtype, .real_input = true, .n = width_};
    rows.howmany = HalfOf(tokens_);
    rows.in_distance = even_row_;
    rows.out_distance = even_row_ / 2;
    BB_ASSIGN_OR_RETURN(along_rows_, device_.MakeFft(rows, even_.data(), even_.data()));
    BB_ASSIGN_OR_RETURN(along_columns_, MakeColumnFft(problem_, device_, half_, pairs_.data()));
    return absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(TakeEvenPart());
    BB_RETURN_IF_ERROR(along_rows_->Execute());
    BB_RETURN_IF_ERROR(PairColumns());
    BB_RETURN_IF_ERROR(along_columns_->Execute());
    return PlaceOutput();
  }
  absl::Status RunCompute() override { return Run(); }
  absl::Status RunCommunication() override { return absl::OkStatus(); }

  std::vector<Shard> Inputs() override { return {Whole(FnetInput(problem_), x_)}; }
  std::vector<Shard> Outputs() override { return {Whole(FnetOutput(problem_), y_)}; }

 private:
  Shard Whole(const char* tensor, Buffer& buffer) const {
    return {tensor, problem_.dtype,          buffer.data(),
            width_, IndicesOf({0, tokens_}), IndicesOf({0, width_})};
  }
  std::byte* At(Buffer& buffer, int64_t element) const {
    return buffer.data() + element * DtypeSize(problem_.dtype);
  }

  absl::Status TakeEvenPart() {
    for (int64_t i = 0; i < HalfOf(tokens_); ++i) {
      ReflectArgs args{.dtype = problem_.dtype, .count = width_, .scale = 0.5};
      args.x = At(x_, i * width_);
      args.z = At(x_, (tokens_ - i) % tokens_ * width_);
      args.y = At(even_, i * even_row_);
      BB_RETURN_IF_ERROR(device_.AddReflected(args));
    }
    return absl::OkStatus();
  }

  absl::Status PairColumns() {
    const int64_t row = PaddedToPairs(half_);
    for (int64_t i = 0; i < HalfOf(tokens_); ++i) {
      PairArgs args{.dtype = problem_.dtype, .count = half_};
      args.x = At(even_, i * even_row_);
      args.y = At(pairs_, i * row);
      args.mirror = At(pairs_, (tokens_ - i) % tokens_ * row);
      BB_RETURN_IF_ERROR(device_.PairColumns(args));
    }
    return absl::OkStatus();
  }

  absl::Status PlaceOutput() {
    const int64_t row = PaddedToPairs(half_);
    Unfolding whole{.dtype = problem_.dtype, .d = width_, .columns = {0, half_}};
    whole.to_row_stride = width_;
    whole.image = half_;
    // Row 0 is its own mirror, row k that of row N - k.
    whole.rows = 1;
    whole.from = whole.mirror = pairs_.data();
    whole.to = y_.data();
    BB_RETURN_IF_ERROR(Unfold(whole, device_));
    whole.rows = tokens_ - 1;
    whole.from = At(pairs_, row);
    whole.mirror = At(pairs_, (tokens_ - 1) * row);
    whole.to = At(y_, width_);
    return Unfold(whole, device_);
  }

  const Problem problem_;
  Device& device_;
  const int64_t tokens_, width_, half_, even_row_;
  Buffer x_, y_;
  Buffer even_;   // the even part and its transform, rows padded to it
  Buffer pairs_;  // pairs of columns, then columns 0 to d/2 of Y
  std::unique_ptr<FftPlan> along_rows_, along_columns_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Plan>> MakeLocalFnetPlan(const Problem& problem, Device& device) {
  auto plan = std::make_unique<LocalPlan>(problem, device);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost LocalFnetCost(const Problem& problem) {
  const int64_t tokens = problem.shape.tokens, width = problem.shape.d_in, half = HalfOf(width);
  return {2 * tokens * width + HalfOf(tokens) * EvenRow(width) + tokens * PaddedToPairs(half)};
}

}  // namespace basisbench
