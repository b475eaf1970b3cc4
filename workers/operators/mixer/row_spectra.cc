// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/row_spectra.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {

absl::Status RowSpectra::Allocate(Device& device, Dtype dtype, int64_t n, const Blocks& blocks) {
  device_ = &device;
  dtype_ = dtype;
  n_ = n;
  BB_ASSIGN_OR_RETURN(data_, device.Allocate(blocks.size * leading() * DtypeSize(dtype)));
  for (const int64_t rows : {blocks.size, blocks.Last()}) {
    if (!plans_.empty() && plans_.back().rows == rows) continue;
    plans_.emplace_back();
    plans_.back().rows = rows;
    FftDescription there{.dtype = dtype, .real_input = true, .n = n, .howmany = rows};
    there.in_distance = leading();
    there.out_distance = Half(n);
    BB_ASSIGN_OR_RETURN(plans_.back().plan[0], device.MakeFft(there, data_.data(), data_.data()));
    FftDescription back{.dtype = dtype, .real_output = true, .inverse = true, .n = n};
    back.howmany = rows;
    back.in_distance = Half(n);
    back.out_distance = leading();
    BB_ASSIGN_OR_RETURN(plans_.back().plan[1], device.MakeFft(back, data_.data(), data_.data()));
  }
  return absl::OkStatus();
}

absl::Status RowSpectra::Load(int64_t rows, int64_t elements, const Source& from) {
  if (elements < n_) BB_RETURN_IF_ERROR(device_->Fill(dtype_, rows * leading(), 0.0, data_.data()));
  return CopyRows(*device_, dtype_, rows, elements, from, place());
}

absl::Status RowSpectra::TimesInto(int64_t rows, const Factor& w, RowSpectra& to, bool add) const {
  ProductArgs args{.dtype = dtype_, .complex = true, .rows = rows, .cols = Half(n_)};
  args.alpha = w.scale;
  args.x = data_.data();
  args.x_row_stride = Half(n_);
  args.w = w.of->data_.data();
  args.w_row_stride = w.same ? 0 : Half(n_);
  args.conjugate_w = w.conjugate;
  args.beta = add ? 1 : 0;
  args.y = to.data_.data();
  args.y_row_stride = Half(n_);
  return device_->Product(args);
}

absl::Status RowSpectra::SumInto(int64_t rows, const RowSpectra& of, bool add,
                                 RowSpectra& sum) const {
  ColumnSumArgs args{.dtype = dtype_, .complex = true, .rows = rows, .cols = Half(n_)};
  args.x = data_.data();
  args.x_row_stride = Half(n_);
  args.w = of.data_.data();
  args.w_row_stride = Half(n_);
  args.conjugate_w = true;
  args.beta = add ? 1 : 0;
  args.y = sum.data_.data();
  return device_->ColumnSum(args);
}

absl::Status RowSpectra::Execute(int64_t rows, int direction) {
  for (Plans& plans : plans_) {
    if (plans.rows == rows) return plans.plan[direction]->Execute();
  }
  return absl::InternalError(absl::StrCat("no transform of ", rows, " rows is planned"));
}

}  // namespace basisbench
