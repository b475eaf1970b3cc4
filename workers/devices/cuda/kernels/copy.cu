// SPDX-License-Identifier: Apache-2.0
// Strided copies. A transpose goes through tiles in shared memory, so that both sides are taken
// along their unit strides.
#include <utility>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/lanes.h"
#include "workers/devices/cuda/kernels/rows.h"

namespace basisbench::kernels {
namespace {

// What is copied is bits: E is an unsigned integer of the element's size.
template <typename E>
struct Places {
  int64_t rows = 0, cols = 0;
  const E* from = nullptr;
  int64_t from_row = 0, from_col = 1;
  E* to = nullptr;
  int64_t to_row = 0, to_col = 1;
};

template <typename E>
struct CopyBody {
  Places<E> p;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t first) const {
    Store(Load<W>(p.from + row * p.from_row, p.from_col, first), p.to + row * p.to_row, p.to_col,
          first);
  }
};

// A block takes a square of kSide x kSide, eight rows at a time. The tile's rows are one longer, so
// that its columns lie in different banks.
template <typename E>
struct TiledCopy {
  static constexpr int kSide = 32, kRowsAtOnce = 8;
  static constexpr int kMostThreads = kSide * kRowsAtOnce;
  using State = NoState;

  Places<E> p;

  BB_HOST_DEVICE int64_t Across() const { return CeilDivide(p.cols, kSide); }
  int64_t Blocks() const { return CeilDivide(p.rows, kSide) * Across(); }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const { return int64_t{kSide} * (kSide + 1) * sizeof(E); }
  BB_HOST_DEVICE constexpr int Phases() const { return 2; }

  BB_HOST_DEVICE void Run(int phase, Place at, State&, std::byte* shared) const {
    E* tile = reinterpret_cast<E*>(shared);
    const Divided block = Divide(at.block, Across());
    const int64_t row0 = block.quotient * kSide, col0 = block.remainder * kSide;
    const int fast = at.thread % kSide;
    for (int slow = at.thread / kSide; slow < kSide; slow += kRowsAtOnce) {
      // Reading, neighbours differ by a row; writing, by a column.
      const int i = phase == 0 ? fast : slow, j = phase == 0 ? slow : fast;
      const int64_t row = row0 + i, col = col0 + j;
      if (row >= p.rows || col >= p.cols) continue;
      E& held = tile[i * (kSide + 1) + j];
      if (phase == 0) {
        held = p.from[row * p.from_row + col * p.from_col];
      } else {
        p.to[row * p.to_row + col * p.to_col] = held;
      }
    }
  }
};

int64_t Size(int64_t stride) { return stride < 0 ? -stride : stride; }

template <typename E>
absl::Status Copy(const Queue& queue, const CopyArgs& args) {
  Places<E> p{args.rows,
              args.cols,
              static_cast<const E*>(args.from),
              args.from_row_stride,
              args.from_col_stride,
              static_cast<E*>(args.to),
              args.to_row_stride,
              args.to_col_stride};
  if (p.rows > 1 && Size(p.to_row) < Size(p.to_col)) {  // along the output's smaller stride
    std::swap(p.rows, p.cols);
    std::swap(p.from_row, p.from_col);
    std::swap(p.to_row, p.to_col);
  }
  if (p.rows > 1 && p.cols > 1 && Size(p.from_row) < Size(p.from_col)) {
    return Launch(queue, TiledCopy<E>{p});
  }
  if (p.from_col == 1 && p.to_col == 1 && p.from_row == p.cols && p.to_row == p.cols) {
    p.cols *= p.rows;
    p.rows = 1;
  }
  const bool wide =
      IsWide<E>(p.rows, {{p.from, p.from_row, p.from_col}, {p.to, p.to_row, p.to_col}});
  return RunAtPlaces<kWide<E>>(queue, p.rows, p.cols, wide && p.from_col == 1, CopyBody<E>{p});
}

}  // namespace

absl::Status RunCopy(const Queue& queue, const CopyArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("copy", args.rows, args.cols));
  if (args.rows == 0 || args.cols == 0) return absl::OkStatus();
  switch (DtypeSize(args.dtype)) {
    case 2:
      return Copy<uint16_t>(queue, args);
    case 4:
      return Copy<uint32_t>(queue, args);
    default:
      return Copy<uint64_t>(queue, args);
  }
}

}  // namespace basisbench::kernels
