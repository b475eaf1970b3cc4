// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels: every thread has one place of a rows x cols matrix, or W places side by
// side. A body has `template <int W> void At(int64_t row, int64_t first) const`.
#pragma once

#include "workers/devices/cuda/kernels/launch.h"

namespace basisbench::kernels {

template <int W, typename Body>
struct EachPlace {
  static constexpr int kMostThreads = 256;
  using State = NoState;

  int64_t rows = 0, cols = 0;
  Body body;

  BB_HOST_DEVICE int64_t Groups() const { return CeilDivide(cols, W); }
  int64_t Blocks() const { return CeilDivide(rows * Groups(), kMostThreads); }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const { return 0; }
  BB_HOST_DEVICE constexpr int Phases() const { return 1; }

  BB_HOST_DEVICE void Run(int, Place at, State&, std::byte*) const {
    const int64_t item = at.block * kMostThreads + at.thread, groups = Groups();
    if (item >= rows * groups) return;
    const Divided place = Divide(item, groups);
    const int64_t first = place.remainder * W;
    if (first + W <= cols) {
      body.template At<W>(place.quotient, first);
    } else {
      for (int64_t col = first; col < cols; ++col) body.template At<1>(place.quotient, col);
    }
  }
};

// Once for every place; `W` at a time when `wide`.
template <int W, typename Body>
absl::Status RunAtPlaces(const Queue& queue, int64_t rows, int64_t cols, bool wide,
                         const Body& body) {
  if (rows == 0 || cols == 0) return absl::OkStatus();
  if constexpr (W > 1) {
    if (wide) return Launch(queue, EachPlace<W, Body>{rows, cols, body});
  }
  return Launch(queue, EachPlace<1, Body>{rows, cols, body});
}

// Once for every item of a list.
template <typename Body>
absl::Status RunAtEach(const Queue& queue, int64_t items, const Body& body) {
  return RunAtPlaces<1>(queue, 1, items, false, body);
}

}  // namespace basisbench::kernels
