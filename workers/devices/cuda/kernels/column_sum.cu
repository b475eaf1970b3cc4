// SPDX-License-Identifier: Apache-2.0
// Weighted sums of columns: a block walks down some columns, its threads side by side along the
// smaller stride of x.
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/partials.h"

namespace basisbench::kernels {
namespace {

// Block b takes columns block_cols * (b % across) on, of part b / across of the rows.
template <typename E, typename T>
struct ColumnSums {
  static constexpr int kMostThreads = 256;
  // Rows that a thread sums before they are added to its total, so that the error grows slowly.
  static constexpr int kBlock = 64;
  using State = NoState;

  int64_t rows = 0, cols = 0, parts = 1, part_rows = 0;
  int block_cols = 32;     // threads along a row; the others share the columns' rows
  bool rows_fast = false;  // neighbouring threads differ by a row
  const E *x = nullptr, *w = nullptr;
  int64_t x_row = 0, x_col = 0, w_row = 0, w_col = 0;
  bool conjugate = false;
  E* partial = nullptr;  // [part][col]; of a single part, `sums` puts it in its place
  AddPartials<E, T> sums{};

  BB_HOST_DEVICE int64_t Across() const { return CeilDivide(cols, block_cols); }
  BB_HOST_DEVICE int Walkers() const { return kMostThreads / block_cols; }
  int64_t Blocks() const { return parts * Across(); }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const { return kMostThreads * static_cast<int64_t>(sizeof(E)); }
  BB_HOST_DEVICE constexpr int Phases() const { return 2; }

  BB_HOST_DEVICE E Walk(int64_t row, int64_t end, int64_t col) const {
    E total{}, block{};
    for (int done = 0; row < end; row += Walkers()) {
      const E value = x[row * x_row + col * x_col];
      block =
          block + (w == nullptr ? value : Times(value, w[row * w_row + col * w_col], conjugate));
      if (++done % kBlock != 0) continue;
      total = total + block;
      block = E{};
    }
    return total + block;
  }

  BB_HOST_DEVICE void Run(int phase, Place at, State&, std::byte* shared) const {
    E* held = reinterpret_cast<E*>(shared);  // [walker][column of the block]
    const Divided block = Divide(at.block, Across());
    const int walkers = Walkers();
    const int c = rows_fast ? at.thread / walkers : at.thread % block_cols;
    const int walker = rows_fast ? at.thread % walkers : at.thread / block_cols;
    const int64_t col = block.remainder * block_cols + c;
    if (phase == 0) {
      const int64_t first = block.quotient * part_rows, end = Least(rows, first + part_rows);
      held[walker * block_cols + c] = col < cols ? Walk(first + walker, end, col) : E{};
      return;
    }
    if (at.thread >= block_cols) return;
    const int64_t mine = block.remainder * block_cols + at.thread;
    if (mine >= cols) return;
    E sum{};
    for (int i = 0; i < walkers; ++i) sum = sum + held[i * block_cols + at.thread];
    if (parts == 1) {
      sums.Put(mine, sum);
    } else {
      partial[block.quotient * cols + mine] = sum;
    }
  }
};

template <typename E, typename T>
absl::Status Sum(const Queue& queue, const ColumnSumArgs& args) {
  ColumnSums<E, T> sums{args.rows, args.cols};
  sums.rows_fast = args.x_row_stride < args.x_col_stride;
  if (sums.rows_fast) sums.block_cols = 8;
  sums.x = static_cast<const E*>(args.x);
  sums.w = static_cast<const E*>(args.w);
  sums.x_row = args.x_row_stride, sums.x_col = args.x_col_stride;
  sums.w_row = args.w_row_stride, sums.w_col = args.w_col_stride;
  sums.conjugate = args.conjugate_w;
  const int64_t bytes = args.cols * static_cast<int64_t>(sizeof(E));
  sums.parts = PartsOf(queue, args.rows, sums.Across(), bytes);
  sums.part_rows = CeilDivide(args.rows, sums.parts);
  sums.partial = reinterpret_cast<E*>(queue.scratch);
  sums.sums = {sums.partial,
               sums.parts,
               args.cols,
               static_cast<T>(args.alpha),
               static_cast<T>(args.beta),
               static_cast<E*>(args.y),
               args.y_stride};
  BB_RETURN_IF_ERROR(Launch(queue, sums));
  return sums.parts == 1 ? absl::OkStatus() : RunAtEach(queue, args.cols, sums.sums);
}

}  // namespace

absl::Status RunColumnSum(const Queue& queue, const ColumnSumArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("column sum", args.rows, args.cols));
  if (args.cols == 0) return absl::OkStatus();
  return ByElement(args.dtype, args.complex, [&](auto element, auto real) {
    return Sum<decltype(element), decltype(real)>(queue, args);
  });
}

}  // namespace basisbench::kernels
