// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/transform/row_dct.h"

#include <cmath>
#include <numbers>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/constants.h"

namespace basisbench {

absl::Status RowDct::Allocate(Device& device, Dtype dtype, int64_t n, const Blocks& blocks,
                              Ways ways) {
  device_ = &device;
  dtype_ = dtype;
  n_ = n;
  std::vector<double> there, back;
  for (int64_t k = 0; k < RowSpectra::Coefficients(n); ++k) {
    const double turn = std::numbers::pi * static_cast<double>(k) / static_cast<double>(2 * n);
    const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(n));
    const double inverse = 1 / (scale * static_cast<double>(n));
    there.insert(there.end(), {scale * std::cos(turn), -scale * std::sin(turn)});
    back.insert(back.end(), {inverse * std::cos(turn), inverse * std::sin(turn)});
  }
  BB_ASSIGN_OR_RETURN(there_, MakeConstants(device, dtype, there));
  BB_ASSIGN_OR_RETURN(back_, MakeConstants(device, dtype, back));
  return spectra_.Allocate(device, dtype, n, blocks, ways);
}

absl::Status RowDct::Times(int64_t rows, const Buffer& twiddles) {
  ProductArgs args{.dtype = dtype_, .complex = true, .rows = rows};
  args.cols = RowSpectra::Coefficients(n_);
  args.x = args.y = spectra_.place().data;
  args.x_row_stride = args.y_row_stride = spectra_.leading() / 2;
  args.w = twiddles.data();
  return device_->Product(args);
}

absl::Status RowDct::Apply(int64_t rows, const Source& from, const Target& to) {
  const int64_t even = (n_ + 1) / 2, odd = n_ / 2;
  const Target v = spectra_.place();
  BB_RETURN_IF_ERROR(
      CopyRows(*device_, dtype_, rows, even, {from.data, from.row, 2 * from.col}, v));
  const Source last_odd{ElementAt(dtype_, from.data, (2 * odd - 1) * from.col), from.row,
                        -2 * from.col};
  BB_RETURN_IF_ERROR(
      CopyRows(*device_, dtype_, rows, odd, last_odd, {ElementAt(dtype_, v.data, even), v.row, 1}));
  BB_RETURN_IF_ERROR(spectra_.ToSpectra(rows));
  BB_RETURN_IF_ERROR(Times(rows, there_));
  const Source z = spectra_.values();
  BB_RETURN_IF_ERROR(
      CopyRows(*device_, dtype_, rows, n_ / 2 + 1, {z.data, z.row, 2}, {to.data, to.row, to.col}));
  ProductArgs mirrored{.dtype = dtype_, .rows = rows, .cols = (n_ - 1) / 2, .alpha = -1};
  mirrored.x = ElementAt(dtype_, z.data, 3);
  mirrored.x_row_stride = z.row;
  mirrored.x_col_stride = 2;
  mirrored.y = ElementAt(dtype_, to.data, (n_ - 1) * to.col);
  mirrored.y_row_stride = to.row;
  mirrored.y_col_stride = -to.col;
  return ProductAlongY(*device_, mirrored);
}

absl::Status RowDct::Adjoint(int64_t rows, const Source& from, const Target& to) {
  const Target z = spectra_.place();
  BB_RETURN_IF_ERROR(CopyRows(*device_, dtype_, rows, n_ / 2 + 1, from, {z.data, z.row, 2}));
  ProductArgs imaginary{.dtype = dtype_, .rows = rows, .cols = n_ / 2, .alpha = -1};
  imaginary.x = ElementAt(dtype_, from.data, (n_ - 1) * from.col);
  imaginary.x_row_stride = from.row;
  imaginary.x_col_stride = -from.col;
  imaginary.y = ElementAt(dtype_, z.data, 3);
  imaginary.y_row_stride = z.row;
  imaginary.y_col_stride = 2;
  BB_RETURN_IF_ERROR(device_->Product(imaginary));
  ProductArgs zero{.dtype = dtype_, .rows = rows, .cols = 1, .alpha = 0};
  zero.x = from.data;
  zero.x_row_stride = from.row;
  zero.y = ElementAt(dtype_, z.data, 1);
  zero.y_row_stride = z.row;
  BB_RETURN_IF_ERROR(device_->Product(zero));
  BB_RETURN_IF_ERROR(Times(rows, back_));
  BB_RETURN_IF_ERROR(spectra_.ToRows(rows));
  const int64_t even = (n_ + 1) / 2, odd = n_ / 2;
  const Source v = spectra_.values();
  BB_RETURN_IF_ERROR(CopyRows(*device_, dtype_, rows, even, v, {to.data, to.row, 2 * to.col}));
  return CopyRows(*device_, dtype_, rows, odd, {ElementAt(dtype_, v.data, n_ - 1), v.row, -1},
                  {ElementAt(dtype_, to.data, to.col), to.row, 2 * to.col});
}

}  // namespace basisbench
