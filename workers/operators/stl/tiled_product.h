// SPDX-License-Identifier: Apache-2.0
// The product of encoded tiles on one rank: Y (n x m) from X (n x k) and W (k x m), with tiles at
// the lower and right edges filled up with zeros. Matrices are taken apart into planes, one for
// each place within a tile, so that encoding and decoding are one product each, and multiplying is
// one batch of `rank` products. One thread; borrows the device; Run functions never allocate.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/device.h"
#include "workers/operators/stl/encoders.h"

namespace basisbench {

struct TileSizes {
  int64_t n = 0, k = 0, m = 0;  // elements
  bool encoded = false;         // W and dW are encoded ones: rank matrices of k/t x m/t
  bool backward = false;
};

struct TileOperands {
  const void* x = nullptr;
  int64_t x_leading = 0;
  const void* w = nullptr;  // without gaps
  void* y = nullptr;
  const void* dy = nullptr;
  int64_t y_leading = 0;  // of both
  void* dx = nullptr;     // leading dimension as of x
  void* dw = nullptr;
};

class TiledProduct {
 public:
  TiledProduct(Device& device, Dtype dtype, const Encoders& encoders, const TileSizes& sizes)
      : device_(device), dtype_(dtype), encoders_(encoders), sizes_(sizes) {}

  // Elements that Allocate takes.
  static int64_t Workspace(const Encoders& encoders, const TileSizes& sizes);
  static double Flops(const Encoders& encoders, const TileSizes& sizes);
  absl::Status Allocate();

  absl::Status Forward(const TileOperands& operands);
  absl::Status Backward(const TileOperands& operands);

 private:
  // A matrix of elements, and of its tiles.
  struct Extent {
    int64_t rows, cols, tile_rows, tile_cols;
    int64_t tiles() const { return tile_rows * tile_cols; }
  };
  Extent Of(int64_t rows, int64_t cols) const;

  absl::Status TakeApart(const Extent& extent, const void* matrix, int64_t leading, Buffer& planes);
  absl::Status PutTogether(const Extent& extent, Buffer& planes, void* matrix, int64_t leading);
  // to = op(map) from, over the tiles of a matrix.
  absl::Status Map(const Buffer& map, Transpose transpose, int64_t to_planes, int64_t from_planes,
                   const Extent& extent, const void* from, void* to);
  absl::Status EncodeInputs(const TileOperands& operands);
  const void* EncodedWeights(const TileOperands& operands) const;

  Device& device_;
  const Dtype dtype_;
  const Encoders& encoders_;
  const TileSizes sizes_;
  Buffer of_x_, of_w_, decoder_;              // the encoders in the dtype
  Buffer x_planes_, w_planes_, y_planes_;     // places within a tile
  Buffer x_encoded_, w_encoded_, y_encoded_;  // encoded
  Buffer dx_encoded_, dw_encoded_;
};

}  // namespace basisbench
