// SPDX-License-Identifier: Apache-2.0
// Softmax of rows that come in blocks of columns, and its gradient. A row is a block of threads'
// work; its scores stay in registers from the search for the largest to the exponentials.
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/rows.h"

namespace basisbench::kernels {
namespace {

template <typename T>
struct Scores {
  int64_t rows, cols, diagonal, row_stride;
  T* data;
  T scale;
  bool causal;

  explicit Scores(const ScoreBlock& block)
      : rows(block.rows),
        cols(block.cols),
        diagonal(block.diagonal),
        row_stride(block.row_stride),
        data(static_cast<T*>(block.scores)),
        scale(static_cast<T>(block.scale)),
        causal(block.causal) {}

  // Columns that a row sees.
  BB_HOST_DEVICE int64_t Visible(int64_t row) const {
    if (!causal) return cols;
    return Least(Most<int64_t>(row + diagonal + 1, 0), cols);
  }
};

// Sums and maxima over a block's threads take two steps: of kOfGroup threads, then of the groups.
template <typename T>
struct SoftmaxStep {
  static constexpr int kMostThreads = 256, kGroups = 16, kOfGroup = kMostThreads / kGroups;
  static constexpr int kKept = 8;  // scores of a thread in registers; further ones are read again
  struct State {
    T kept[kKept];
    T old;  // what the row's former sums have to be multiplied with
  };

  Scores<T> scores;
  T *max, *sum, *y;
  int64_t width, y_row;

  int64_t Blocks() const { return scores.rows; }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const { return (kMostThreads + kGroups) * static_cast<int64_t>(sizeof(T)); }
  BB_HOST_DEVICE constexpr int Phases() const { return 5; }

  // Of at least one visible score; threads without one hold the first, which changes no maximum.
  BB_HOST_DEVICE T LargestOf(const T* row, int64_t visible, int thread, State& state) const {
    T largest = row[0];
    for (int k = 0; k < kKept; ++k) {
      const int64_t j = thread + int64_t{k} * kMostThreads;
      if (j < visible) largest = Most(largest, state.kept[k] = row[j]);
    }
    for (int64_t j = thread + int64_t{kKept} * kMostThreads; j < visible; j += kMostThreads)
      largest = Most(largest, row[j]);
    return largest;
  }

  BB_HOST_DEVICE T Exponentials(T* row, int64_t visible, T largest, int thread,
                                const State& state) const {
    T total = 0;
    for (int k = 0; k < kKept; ++k) {
      const int64_t j = thread + int64_t{k} * kMostThreads;
      if (j < visible) total += row[j] = std::exp(scores.scale * state.kept[k] - largest);
    }
    for (int64_t j = thread + int64_t{kKept} * kMostThreads; j < visible; j += kMostThreads)
      total += row[j] = std::exp(scores.scale * row[j] - largest);
    for (int64_t j = thread; j < scores.cols; j += kMostThreads) {
      if (j >= visible) row[j] = 0;
    }
    return total;
  }

  BB_HOST_DEVICE void Run(int phase, Place at, State& state, std::byte* shared) const {
    T* held = reinterpret_cast<T*>(shared);
    T* grouped = held + kMostThreads;
    const int64_t i = at.block, visible = scores.Visible(i);
    T* row = scores.data + i * scores.row_stride;
    if (visible == 0) {
      if (phase == 0) Exponentials(row, 0, 0, at.thread, state);
      return;
    }
    switch (phase) {
      case 0:
        held[at.thread] = LargestOf(row, visible, at.thread, state);
        return;
      case 1:
        if (at.thread >= kGroups) return;
        grouped[at.thread] = held[at.thread * kOfGroup];
        for (int k = 1; k < kOfGroup; ++k)
          grouped[at.thread] = Most(grouped[at.thread], held[at.thread * kOfGroup + k]);
        return;
      case 2: {
        T largest = grouped[0];
        for (int k = 1; k < kGroups; ++k) largest = Most(largest, grouped[k]);
        largest = Most(max[i], scores.scale * largest);
        state.old = sum[i] == 0 ? T(0) : std::exp(max[i] - largest);
        held[at.thread] = Exponentials(row, visible, largest, at.thread, state);
        return;
      }
      case 3: {
        T* out = y + i * y_row;
        if (state.old != 1) {
          for (int64_t j = at.thread; j < width; j += kMostThreads) out[j] *= state.old;
        }
        if (at.thread >= kGroups) return;
        // The groups' maxima are needed once more: their sums go over what they came from.
        T total = 0;
        for (int k = 0; k < kOfGroup; ++k) total += held[at.thread * kOfGroup + k];
        held[at.thread * kOfGroup] = total;
        return;
      }
      default: {
        if (at.thread != 0) return;
        T largest = grouped[0], total = 0;
        for (int k = 0; k < kGroups; ++k) {
          largest = Most(largest, grouped[k]);
          total += held[k * kOfGroup];
        }
        max[i] = Most(max[i], scores.scale * largest);
        sum[i] = sum[i] * state.old + total;
      }
    }
  }
};

template <typename T>
struct SoftmaxEndBody {
  T* max;
  const T* sum;
  T* y;
  int64_t width, y_row;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t col) const {
    if (col < width) y[row * y_row + col] /= sum[row];
    if (col == 0) max[row] += std::log(sum[row]);
  }
};

template <typename T>
struct SoftmaxGradientBody {
  Scores<T> scores;
  const T *log_sum, *mean;
  T* gradient;
  int64_t gradient_row;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t first) const {
    T* score_row = scores.data + row * scores.row_stride;
    T* gradient_of_row = gradient + row * gradient_row;
    const int64_t visible = scores.Visible(row);
    Lanes<T, W> p = Load<W>(score_row, 1, first), g = Load<W>(gradient_of_row, 1, first);
    for (int k = 0; k < W; ++k) {
      const bool seen = first + k < visible;
      p.v[k] = seen ? std::exp(scores.scale * p.v[k] - log_sum[row]) : T(0);
      g.v[k] = seen ? scores.scale * p.v[k] * (g.v[k] - mean[row]) : T(0);
    }
    Store(p, score_row, 1, first);
    Store(g, gradient_of_row, 1, first);
  }
};

}  // namespace

absl::Status RunSoftmaxStep(const Queue& queue, const SoftmaxStepArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("softmax", args.block.rows, args.block.cols));
  return ByReal(args.block.dtype, [&](auto real) {
    using T = decltype(real);
    return Launch(queue, SoftmaxStep<T>{Scores<T>(args.block), static_cast<T*>(args.max),
                                        static_cast<T*>(args.sum), static_cast<T*>(args.y),
                                        args.width, args.y_row_stride});
  });
}

absl::Status RunSoftmaxEnd(const Queue& queue, const SoftmaxEndArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("softmax", args.rows, args.width));
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    return RunAtPlaces<1>(
        queue, args.rows, Most<int64_t>(args.width, 1), false,
        SoftmaxEndBody<T>{static_cast<T*>(args.max), static_cast<const T*>(args.sum),
                          static_cast<T*>(args.y), args.width, args.y_row_stride});
  });
}

absl::Status RunSoftmaxGradient(const Queue& queue, const SoftmaxGradientArgs& args) {
  const ScoreBlock& block = args.block;
  BB_RETURN_IF_ERROR(CheckSize("softmax", block.rows, block.cols));
  return ByReal(block.dtype, [&](auto real) {
    using T = decltype(real);
    const bool wide = IsWide<T>(
        block.rows, {{block.scores, block.row_stride}, {args.gradient, args.gradient_row_stride}});
    return RunAtPlaces<kWide<T>>(
        queue, block.rows, block.cols, wide,
        SoftmaxGradientBody<T>{Scores<T>(block), static_cast<const T*>(args.log_sum),
                               static_cast<const T*>(args.mean), static_cast<T*>(args.gradient),
                               args.gradient_row_stride});
  });
}

}  // namespace basisbench::kernels
