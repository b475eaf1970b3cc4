// SPDX-License-Identifier: Apache-2.0
// Rows of a matrix times a few vectors, in f64 and compensated: as accurate as twice that width
// (Ogita, Rump and Oishi 2005, "Accurate sum and dot product"). A block takes some rows, so that an
// element of a vector is read once for all of them.
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/launch.h"
#include "workers/devices/cuda/kernels/stored_values.h"

namespace basisbench::kernels {
namespace {

// A sum and what rounding took from it.
struct WideSum {
  double sum = 0, lost = 0;

  BB_HOST_DEVICE void Add(double term) {
    const double next = sum + term, added = next - sum;
    lost += (sum - (next - added)) + (term - added);
    sum = next;
  }
  BB_HOST_DEVICE void AddProduct(double a, double b) {
    // An fma by itself, so that no compiler makes one of the product and the sum.
    const double product = std::fma(a, b, 0.0);
    lost += std::fma(a, b, -product);
    Add(product);
  }
};

template <typename From>
struct Projection {
  static constexpr int kMostThreads = 128, kRows = 4, kSums = 3 * kRows;
  using State = NoState;
  using Stored = typename From::Stored;

  int64_t rows, cols, row_stride, vectors;
  const Stored* x;
  const double* v;
  double *value, *size;

  BB_HOST_DEVICE int64_t RowBlocks() const { return CeilDivide(rows, kRows); }
  int64_t Blocks() const { return vectors * RowBlocks(); }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const { return kMostThreads * kSums * sizeof(double); }
  BB_HOST_DEVICE constexpr int Phases() const { return 2; }

  // held[sum][thread]: sums, what they lost, and squares, each of kRows rows.
  BB_HOST_DEVICE void Run(int phase, Place at, State&, std::byte* shared) const {
    auto* held = reinterpret_cast<double*>(shared);
    const Divided block = Divide(at.block, RowBlocks());
    const int64_t row = block.remainder * kRows;
    if (phase == 0) {
      Walk(row, v + block.quotient * cols, at.thread, held + at.thread);
    } else if (at.thread < kRows && row + at.thread < rows) {
      Finish(held + at.thread * kMostThreads, block.quotient * rows + row + at.thread);
    }
  }

  BB_HOST_DEVICE void Walk(int64_t row, const double* weights, int thread, double* held) const {
    WideSum sums[kRows];
    double squares[kRows] = {};
    for (int64_t j = thread; j < cols; j += kMostThreads) {
      const double weight = weights[j];
      for (int r = 0; r < kRows; ++r) {
        // A block's last rows may be missing: it then takes the last one again.
        const double y = From::Value(x[Least(row + r, rows - 1) * row_stride + j]);
        sums[r].AddProduct(y, weight);
        squares[r] += y * weight * (y * weight);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      held[r * kMostThreads] = sums[r].sum;
      held[(kRows + r) * kMostThreads] = sums[r].lost;
      held[(2 * kRows + r) * kMostThreads] = squares[r];
    }
  }

  BB_HOST_DEVICE void Finish(const double* held, int64_t place) const {
    WideSum sum;
    double lost = 0, squares = 0;
    for (int i = 0; i < kMostThreads; ++i) {
      sum.Add(held[i]);
      lost += held[kRows * kMostThreads + i];
      squares += held[2 * kRows * kMostThreads + i];
    }
    value[place] = sum.sum + (sum.lost + lost);
    size[place] = std::sqrt(squares);
  }
};

template <typename From>
absl::Status Project(const Queue& queue, const ProjectionArgs& args) {
  if (args.rows == 0) return absl::OkStatus();
  return Launch(queue, Projection<From>{args.rows, args.cols, args.row_stride, args.vectors,
                                        static_cast<const typename From::Stored*>(args.x), args.v,
                                        args.value, args.size});
}

}  // namespace

absl::Status RunProjection(const Queue& queue, const ProjectionArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("projection", args.rows, args.cols));
  BB_RETURN_IF_ERROR(CheckCount(args.vectors));
  switch (args.dtype) {
    case Dtype::kF32:
      return Project<FromF32>(queue, args);
    case Dtype::kF64:
      return Project<FromF64>(queue, args);
    case Dtype::kBf16:
      return Project<FromBf16>(queue, args);
    default:
      return Project<FromF16>(queue, args);
  }
}

}  // namespace basisbench::kernels
