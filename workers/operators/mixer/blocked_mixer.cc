// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/blocked_mixer.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace basisbench {
namespace {

// Workspace of a block: more would leave a level-2 cache.
constexpr int64_t kBlockBytes = int64_t{256} << 10;
// Columns of X that are taken together at least: a line of memory of f32.
constexpr int64_t kFewestColumns = 16;

}  // namespace

absl::Status CopyRows(Device& device, Dtype dtype, int64_t rows, int64_t cols, const Source& from,
                      const Target& to) {
  CopyArgs args{.dtype = dtype, .rows = rows, .cols = cols};
  args.from = from.data;
  args.from_row_stride = from.row;
  args.from_col_stride = from.col;
  args.to = to.data;
  args.to_row_stride = to.row;
  args.to_col_stride = to.col;
  return device.Copy(args);
}

absl::Status ProductAlongY(Device& device, ProductArgs args) {
  if (std::abs(args.y_row_stride) < std::abs(args.y_col_stride)) {
    std::swap(args.rows, args.cols);
    std::swap(args.x_row_stride, args.x_col_stride);
    std::swap(args.w_row_stride, args.w_col_stride);
    std::swap(args.y_row_stride, args.y_col_stride);
  }
  return device.Product(args);
}

Blocks BlocksOf(const Mixer& mixer, const Problem& problem, int64_t vectors, int64_t elements) {
  if (vectors == 0) return {};
  const int64_t fewest = mixer.MixesTokens(problem) ? kFewestColumns : 1;
  const int64_t most = std::max(fewest, kBlockBytes / (elements * DtypeSize(problem.dtype)));
  const int64_t blocks = (vectors + most - 1) / most;
  return {vectors, (vectors + blocks - 1) / blocks};
}

absl::Status BlockedMixer::Run() {
  BB_RETURN_IF_ERROR(Begin());
  for (int64_t first = 0; first < blocks_.vectors; first += blocks_.size) {
    const Piece block{first, std::min(blocks_.size, blocks_.vectors - first)};
    BB_RETURN_IF_ERROR(backward_ ? Backward(block) : Forward(block));
  }
  return End();
}

}  // namespace basisbench
