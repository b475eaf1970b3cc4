// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "workers/devices/cpu/cpu_features.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

// Elements of a tile side when neither place has unit stride: 32 x 32 f64 take 8 KiB of cache per
// side.
constexpr int64_t kTile = 32;

template <typename T>
struct Places {
  int64_t rows, cols;
  const T* from;
  int64_t from_row, from_col;
  T* to;
  int64_t to_row, to_col;
};

template <typename T>
void CopyRows(const Places<T>& p) {
  if (p.from_row == p.cols && p.to_row == p.cols) {
    std::memcpy(p.to, p.from, p.rows * p.cols * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < p.rows; ++i) {
    std::memcpy(p.to + i * p.to_row, p.from + i * p.from_row, p.cols * sizeof(T));
  }
}

template <typename T>
void ReverseRows(const Places<T>& p) {
  const auto reverse = BestKernels().Of<T>().reverse;
  for (int64_t i = 0; i < p.rows; ++i)
    reverse(p.cols, p.from + i * p.from_row, p.to + i * p.to_row);
}

template <typename T>
void CopyTiles(const Places<T>& p) {
  for (int64_t i0 = 0; i0 < p.rows; i0 += kTile) {
    for (int64_t j0 = 0; j0 < p.cols; j0 += kTile) {
      for (int64_t i = i0; i < std::min(i0 + kTile, p.rows); ++i) {
        for (int64_t j = j0; j < std::min(j0 + kTile, p.cols); ++j) {
          p.to[i * p.to_row + j * p.to_col] = p.from[i * p.from_row + j * p.from_col];
        }
      }
    }
  }
}

template <typename T>
void Copy(const CopyArgs& args) {
  Places<T> p{args.rows,
              args.cols,
              static_cast<const T*>(args.from),
              args.from_row_stride,
              args.from_col_stride,
              static_cast<T*>(args.to),
              args.to_row_stride,
              args.to_col_stride};
  if (p.to_row == 1 && p.to_col != 1) {  // walk the output along its unit stride
    std::swap(p.rows, p.cols);
    std::swap(p.from_row, p.from_col);
    std::swap(p.to_row, p.to_col);
  }
  if (p.from_col == 1 && p.to_col == 1) {
    CopyRows(p);
  } else if (p.from_col == -1 && p.to_col == 1) {
    ReverseRows(p);
  } else if (std::abs(p.from_col) == 2 && p.to_col == 1) {
    ProductTask<T> task{.rows = p.rows, .cols = p.cols};
    task.x = p.from, task.x_row = p.from_row, task.x_col = p.from_col;
    task.y = p.to, task.y_row = p.to_row;
    BestKernels().Of<T>().product(task);
  } else if (p.from_row == 1 && p.to_col == 1) {
    TransposeTask<T> task;
    task.rows = p.cols;
    task.cols = p.rows;
    task.from = p.from;
    task.from_stride = p.from_col;
    task.to = p.to;
    task.to_stride = p.to_row;
    task.stream = args.pass_bytes > CacheShareBytes();
    BestKernels().Of<T>().transpose(task);
  } else {
    CopyTiles(p);
  }
}

}  // namespace

absl::Status RunCopy(const CopyArgs& args) {
  if (args.rows < 0 || args.cols < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot copy ", args.rows, " x ", args.cols, " elements"));
  }
  if (args.rows == 0 || args.cols == 0) return absl::OkStatus();
  if (args.dtype == Dtype::kF32) {
    Copy<float>(args);
  } else {
    Copy<double>(args);
  }
  return absl::OkStatus();
}

}  // namespace basisbench
