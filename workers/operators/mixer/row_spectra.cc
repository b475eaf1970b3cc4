// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/row_spectra.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/constants.h"

namespace basisbench {

absl::Status RowSpectra::Allocate(Device& device, Dtype dtype, int64_t n, const Blocks& blocks,
                                  Ways ways, Wrap wrap) {
  device_ = &device;
  dtype_ = dtype;
  n_ = n;
  wrap_ = wrap;
  folded_ = IsFolded(n, wrap);
  coefficients_ = Coefficients(n, wrap);
  BB_ASSIGN_OR_RETURN(data_, device.Allocate(blocks.size * leading() * DtypeSize(dtype)));
  for (const int64_t rows : {blocks.size, blocks.Last()}) {
    if (plans_.empty() || plans_.back().rows != rows) BB_RETURN_IF_ERROR(Plan(rows, ways));
  }
  return wrap == Wrap::kNegacyclic ? MakeTwist() : absl::OkStatus();
}

absl::Status RowSpectra::Plan(int64_t rows, Ways ways) {
  Plans& plans = plans_.emplace_back();
  plans.rows = rows;
  FftDescription there{.dtype = dtype_, .real_input = !folded_, .howmany = rows};
  there.n = folded_ ? n_ / 2 : n_;
  there.in_distance = folded_ ? leading() / 2 : leading();
  there.out_distance = leading() / 2;
  if (ways != Ways::kBack) {
    BB_ASSIGN_OR_RETURN(plans.plan[0], device_->MakeFft(there, data_.data(), data_.data()));
  }
  FftDescription back = there;
  back.real_input = false;
  back.real_output = !folded_;
  back.inverse = true;
  std::swap(back.in_distance, back.out_distance);
  if (ways != Ways::kThere) {
    BB_ASSIGN_OR_RETURN(plans.plan[1], device_->MakeFft(back, data_.data(), data_.data()));
  }
  return absl::OkStatus();
}

absl::Status RowSpectra::MakeTwist() {
  std::vector<double> factors;
  for (int64_t j = 0; j < (folded_ ? n_ / 2 : n_); ++j) {
    const double turn = std::numbers::pi * static_cast<double>(j) / static_cast<double>(n_);
    factors.push_back(folded_ ? std::cos(turn) : j % 2 == 0 ? 1.0 : -1.0);
    if (folded_) factors.push_back(std::sin(turn));
  }
  BB_ASSIGN_OR_RETURN(twist_, MakeConstants(*device_, dtype_, factors));
  return absl::OkStatus();
}

// In place, before the transform or (conjugate) after the one back.
absl::Status RowSpectra::Twist(int64_t rows, bool conjugate) {
  ProductArgs args{.dtype = dtype_, .complex = folded_, .rows = rows};
  args.cols = folded_ ? n_ / 2 : n_;
  args.x = args.y = data_.data();
  args.x_row_stride = args.y_row_stride = folded_ ? leading() / 2 : leading();
  args.w = twist_.data();
  args.conjugate_w = folded_ && conjugate;
  return device_->Product(args);
}

absl::Status RowSpectra::Load(int64_t rows, int64_t elements, const Source& from) {
  if (!folded_) {
    if (elements < n_)
      BB_RETURN_IF_ERROR(device_->Fill(dtype_, rows * leading(), 0.0, data_.data()));
    BB_RETURN_IF_ERROR(CopyRows(*device_, dtype_, rows, elements, from, place()));
    return wrap_ == Wrap::kNegacyclic ? Twist(rows, false) : absl::OkStatus();
  }
  for (const int64_t part : {0, 1}) {
    Source half = from;
    half.data = ElementAt(dtype_, from.data, part * (n_ / 2) * from.col);
    const Target to{ElementAt(dtype_, place().data, part), leading(), 2};
    BB_RETURN_IF_ERROR(CopyRows(*device_, dtype_, rows, n_ / 2, half, to));
  }
  return Twist(rows, false);
}

absl::Status RowSpectra::Store(int64_t rows, int64_t elements, const Target& to,
                               double scale) const {
  ProductArgs args{.dtype = dtype_, .rows = rows, .alpha = scale};
  args.cols = folded_ ? n_ / 2 : elements;
  args.x_row_stride = leading();
  args.x_col_stride = folded_ ? 2 : 1;
  args.y_row_stride = to.row;
  args.y_col_stride = to.col;
  for (int64_t part = 0; part < (folded_ ? 2 : 1); ++part) {
    args.x = ElementAt(dtype_, values().data, part);
    args.y = ElementAt(dtype_, to.data, part * (n_ / 2) * to.col);
    if (scale != 1.0) {
      BB_RETURN_IF_ERROR(ProductAlongY(*device_, args));
      continue;
    }
    BB_RETURN_IF_ERROR(CopyRows(*device_, dtype_, rows, args.cols,
                                {args.x, args.x_row_stride, args.x_col_stride},
                                {args.y, to.row, to.col}));
  }
  return absl::OkStatus();
}

absl::Status RowSpectra::TimesInto(int64_t rows, const Factor& w, RowSpectra& to, bool add) const {
  ProductArgs args{.dtype = dtype_, .complex = true, .rows = rows, .cols = coefficients_};
  args.alpha = w.scale;
  args.x = data_.data();
  args.x_row_stride = leading() / 2;
  args.w = ElementAt(dtype_, w.of->values().data, w.row < 0 ? 0 : w.row * leading());
  args.w_row_stride = w.row < 0 ? leading() / 2 : 0;
  args.conjugate_w = w.conjugate;
  args.beta = add ? 1 : 0;
  args.y = to.place().data;
  args.y_row_stride = leading() / 2;
  return device_->Product(args);
}

absl::Status RowSpectra::SumInto(int64_t rows, const RowSpectra& of, bool add, RowSpectra& sum,
                                 int64_t row) const {
  ColumnSumArgs args{.dtype = dtype_, .complex = true, .rows = rows, .cols = coefficients_};
  args.x = data_.data();
  args.x_row_stride = leading() / 2;
  args.w = of.values().data;
  args.w_row_stride = leading() / 2;
  args.conjugate_w = true;
  args.beta = add ? 1 : 0;
  args.y = ElementAt(dtype_, sum.place().data, row * leading());
  return device_->ColumnSum(args);
}

absl::Status RowSpectra::Execute(int64_t rows, int direction) {
  for (Plans& plans : plans_) {
    if (plans.rows != rows || plans.plan[direction] == nullptr) continue;
    BB_RETURN_IF_ERROR(plans.plan[direction]->Execute());
    const bool twisted = direction == 1 && wrap_ == Wrap::kNegacyclic;
    return twisted ? Twist(rows, true) : absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat("no transform of ", rows, " rows is planned"));
}

}  // namespace basisbench
