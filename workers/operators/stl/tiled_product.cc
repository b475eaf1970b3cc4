// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stl/tiled_product.h"

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

int64_t Tiles(int64_t size, int64_t tile) { return (size + tile - 1) / tile; }

// Tiles of X, W and Y.
struct TileCounts {
  TileCounts(const Encoders& encoders, const TileSizes& sizes)
      : n(Tiles(sizes.n, encoders.tile)),
        k(Tiles(sizes.k, encoders.tile)),
        m(Tiles(sizes.m, encoders.tile)) {}
  int64_t n, k, m;
};

absl::Status TakeValues(Device& device, Dtype dtype, const std::vector<double>& values,
                        Buffer& buffer) {
  const auto count = static_cast<int64_t>(values.size());
  BB_ASSIGN_OR_RETURN(buffer, device.Allocate(count * DtypeSize(dtype)));
  for (int64_t i = 0; i < count; ++i)
    BB_RETURN_IF_ERROR(device.Fill(dtype, 1, values[i], buffer.data() + i * DtypeSize(dtype)));
  return absl::OkStatus();
}

}  // namespace

int64_t TiledProduct::Workspace(const Encoders& encoders, const TileSizes& sizes) {
  const TileCounts tiles(encoders, sizes);
  const int64_t places = encoders.tile * encoders.tile, rank = encoders.rank;
  const int64_t x = tiles.n * tiles.k, w = tiles.k * tiles.m, y = tiles.n * tiles.m;
  const int64_t own_w = sizes.encoded ? 0 : w;
  int64_t elements = 3 * places * rank + (places + rank) * (x + own_w + y);
  if (sizes.backward) elements += rank * (x + own_w);
  return elements;
}

double TiledProduct::Flops(const Encoders& encoders, const TileSizes& sizes) {
  const TileCounts tiles(encoders, sizes);
  const auto places = static_cast<double>(encoders.tile * encoders.tile),
             rank = static_cast<double>(encoders.rank);
  const auto n = static_cast<double>(tiles.n), k = static_cast<double>(tiles.k),
             m = static_cast<double>(tiles.m);
  const double encoding = n * k + n * m + (sizes.encoded ? 0 : k * m);
  // Backward X and W are encoded again; gradients of both, and dY, pass the encoders too.
  const double mapped =
      sizes.backward ? 2 * n * k + n * m + (sizes.encoded ? 0 : 2 * k * m) : encoding;
  return 2 * rank * places * mapped + (sizes.backward ? 2 : 1) * 2 * rank * n * k * m;
}

TiledProduct::Extent TiledProduct::Of(int64_t rows, int64_t cols) const {
  return {rows, cols, Tiles(rows, encoders_.tile), Tiles(cols, encoders_.tile)};
}

absl::Status TiledProduct::Allocate() {
  BB_RETURN_IF_ERROR(TakeValues(device_, dtype_, encoders_.x, of_x_));
  BB_RETURN_IF_ERROR(TakeValues(device_, dtype_, encoders_.w, of_w_));
  BB_RETURN_IF_ERROR(TakeValues(device_, dtype_, encoders_.decoder, decoder_));
  const TileCounts tiles(encoders_, sizes_);
  const int64_t places = encoders_.tile * encoders_.tile, rank = encoders_.rank;
  const int64_t x = tiles.n * tiles.k, y = tiles.n * tiles.m,
                w = sizes_.encoded ? 0 : tiles.k * tiles.m;
  const int64_t backward = sizes_.backward ? 1 : 0;
  const std::pair<Buffer*, int64_t> wanted[] = {{&x_planes_, places * x},
                                                {&w_planes_, places * w},
                                                {&y_planes_, places * y},
                                                {&x_encoded_, rank * x},
                                                {&w_encoded_, rank * w},
                                                {&y_encoded_, rank * y},
                                                {&dx_encoded_, backward * rank * x},
                                                {&dw_encoded_, backward * rank * w}};
  for (const auto& [buffer, elements] : wanted) {
    BB_ASSIGN_OR_RETURN(*buffer, device_.Allocate(elements * DtypeSize(dtype_)));
  }
  return absl::OkStatus();
}

// Places beyond the edges are zero.
absl::Status TiledProduct::TakeApart(const Extent& extent, const void* matrix, int64_t leading,
                                     Buffer& planes) {
  const int64_t t = encoders_.tile, size = DtypeSize(dtype_);
  if (extent.rows % t != 0 || extent.cols % t != 0)
    BB_RETURN_IF_ERROR(device_.Fill(dtype_, t * t * extent.tiles(), 0, planes.data()));
  for (int64_t place = 0; place < t * t; ++place) {
    const int64_t i = place / t, j = place % t;
    CopyArgs args{.dtype = dtype_};
    args.rows = Tiles(extent.rows - i, t), args.cols = Tiles(extent.cols - j, t);
    if (extent.rows <= i || extent.cols <= j) continue;
    args.from = static_cast<const std::byte*>(matrix) + (i * leading + j) * size;
    args.from_row_stride = t * leading, args.from_col_stride = t;
    args.to = planes.data() + place * extent.tiles() * size;
    args.to_row_stride = extent.tile_cols;
    BB_RETURN_IF_ERROR(device_.Copy(args));
  }
  return absl::OkStatus();
}

absl::Status TiledProduct::PutTogether(const Extent& extent, Buffer& planes, void* matrix,
                                       int64_t leading) {
  const int64_t t = encoders_.tile, size = DtypeSize(dtype_);
  for (int64_t place = 0; place < t * t; ++place) {
    const int64_t i = place / t, j = place % t;
    CopyArgs args{.dtype = dtype_};
    args.rows = Tiles(extent.rows - i, t), args.cols = Tiles(extent.cols - j, t);
    if (extent.rows <= i || extent.cols <= j) continue;
    args.from = planes.data() + place * extent.tiles() * size;
    args.from_row_stride = extent.tile_cols;
    args.to = static_cast<std::byte*>(matrix) + (i * leading + j) * size;
    args.to_row_stride = t * leading, args.to_col_stride = t;
    BB_RETURN_IF_ERROR(device_.Copy(args));
  }
  return absl::OkStatus();
}

absl::Status TiledProduct::Map(const Buffer& map, Transpose transpose, int64_t to_planes,
                               int64_t from_planes, const Extent& extent, const void* from,
                               void* to) {
  GemmArgs args{.dtype = dtype_, .transpose_a = transpose};
  args.m = to_planes, args.n = extent.tiles(), args.k = from_planes;
  args.a = map.data(), args.lda = transpose == Transpose::kYes ? to_planes : from_planes;
  args.b = from, args.ldb = args.n, args.c = to, args.ldc = args.n;
  return device_.Gemm(args);
}

const void* TiledProduct::EncodedWeights(const TileOperands& operands) const {
  return sizes_.encoded ? operands.w : w_encoded_.data();
}

absl::Status TiledProduct::EncodeInputs(const TileOperands& operands) {
  const int64_t places = encoders_.tile * encoders_.tile, rank = encoders_.rank;
  const Extent x = Of(sizes_.n, sizes_.k), w = Of(sizes_.k, sizes_.m);
  BB_RETURN_IF_ERROR(TakeApart(x, operands.x, operands.x_leading, x_planes_));
  BB_RETURN_IF_ERROR(
      Map(of_x_, Transpose::kNo, rank, places, x, x_planes_.data(), x_encoded_.data()));
  if (sizes_.encoded) return absl::OkStatus();
  BB_RETURN_IF_ERROR(TakeApart(w, operands.w, sizes_.m, w_planes_));
  return Map(of_w_, Transpose::kNo, rank, places, w, w_planes_.data(), w_encoded_.data());
}

absl::Status TiledProduct::Forward(const TileOperands& operands) {
  const int64_t places = encoders_.tile * encoders_.tile, rank = encoders_.rank;
  const Extent x = Of(sizes_.n, sizes_.k), w = Of(sizes_.k, sizes_.m), y = Of(sizes_.n, sizes_.m);
  BB_RETURN_IF_ERROR(EncodeInputs(operands));
  GemmArgs args{.dtype = dtype_, .m = x.tile_rows, .n = w.tile_cols, .k = x.tile_cols};
  args.batch = rank;
  args.a = x_encoded_.data(), args.lda = args.k, args.stride_a = x.tiles();
  args.b = EncodedWeights(operands), args.ldb = args.n, args.stride_b = w.tiles();
  args.c = y_encoded_.data(), args.ldc = args.n, args.stride_c = y.tiles();
  BB_RETURN_IF_ERROR(device_.Gemm(args));
  BB_RETURN_IF_ERROR(
      Map(decoder_, Transpose::kNo, places, rank, y, y_encoded_.data(), y_planes_.data()));
  return PutTogether(y, y_planes_, operands.y, operands.y_leading);
}

absl::Status TiledProduct::Backward(const TileOperands& operands) {
  const int64_t places = encoders_.tile * encoders_.tile, rank = encoders_.rank;
  const Extent x = Of(sizes_.n, sizes_.k), w = Of(sizes_.k, sizes_.m), y = Of(sizes_.n, sizes_.m);
  BB_RETURN_IF_ERROR(EncodeInputs(operands));
  BB_RETURN_IF_ERROR(TakeApart(y, operands.dy, operands.y_leading, y_planes_));
  BB_RETURN_IF_ERROR(
      Map(decoder_, Transpose::kYes, rank, places, y, y_planes_.data(), y_encoded_.data()));
  GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
  args.batch = rank;
  args.m = x.tile_rows, args.n = x.tile_cols, args.k = y.tile_cols;
  args.a = y_encoded_.data(), args.lda = y.tile_cols, args.stride_a = y.tiles();
  args.b = EncodedWeights(operands), args.ldb = w.tile_cols, args.stride_b = w.tiles();
  args.c = dx_encoded_.data(), args.ldc = x.tile_cols, args.stride_c = x.tiles();
  BB_RETURN_IF_ERROR(device_.Gemm(args));
  args.transpose_a = Transpose::kYes, args.transpose_b = Transpose::kNo;
  args.m = w.tile_rows, args.n = w.tile_cols, args.k = x.tile_rows;
  args.a = x_encoded_.data(), args.lda = x.tile_cols, args.stride_a = x.tiles();
  args.b = y_encoded_.data(), args.ldb = y.tile_cols, args.stride_b = y.tiles();
  args.c = sizes_.encoded ? operands.dw : dw_encoded_.data();
  args.ldc = w.tile_cols, args.stride_c = w.tiles();
  BB_RETURN_IF_ERROR(device_.Gemm(args));
  BB_RETURN_IF_ERROR(
      Map(of_x_, Transpose::kYes, places, rank, x, dx_encoded_.data(), x_planes_.data()));
  BB_RETURN_IF_ERROR(PutTogether(x, x_planes_, operands.dx, operands.x_leading));
  if (sizes_.encoded) return absl::OkStatus();
  BB_RETURN_IF_ERROR(
      Map(of_w_, Transpose::kYes, places, rank, w, dw_encoded_.data(), w_planes_.data()));
  return PutTogether(w, w_planes_, operands.dw, sizes_.m);
}

}  // namespace basisbench
