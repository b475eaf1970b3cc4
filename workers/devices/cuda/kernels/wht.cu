// SPDX-License-Identifier: Apache-2.0
// Walsh-Hadamard transform of rows. Up to kInShared elements, a row is read once and written once:
// a thread keeps eight elements in registers, does three stages on them, and exchanges them with
// the row's other threads through shared memory. The stages of longer rows beyond that are taken
// first, three in a pass over memory. Diagonals and a permutation are the first pass's and the last
// one's.
#include <algorithm>
#include <bit>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/rows.h"

namespace basisbench::kernels {
namespace {

constexpr int kHeld = 8, kHeldLog = 3;
constexpr int64_t kInShared = 4096;

// Stages between elements `half` apart for half = first, 2 first, ..., last / 2.
template <typename T>
BB_HOST_DEVICE void Stages(T (&v)[kHeld], int first, int last) {
  for (int half = 1; half < kHeld; half *= 2) {
    if (half < first || half >= last) continue;
    for (int j = 0; j < kHeld; ++j) {
      if ((j & half) != 0) continue;
      const T sum = v[j] + v[j + half];
      v[j + half] = v[j] - v[j + half];
      v[j] = sum;
    }
  }
}

// WhtArgs: what elements of a row are on the way in, and times what they go out. None: null.
template <typename T>
struct Dressing {
  const int32_t* index = nullptr;
  const T* before = nullptr;
  const T* after = nullptr;

  BB_HOST_DEVICE bool IsBareBefore() const { return index == nullptr && before == nullptr; }
  BB_HOST_DEVICE T In(const T* row, int64_t i) const {
    const T x = row[index == nullptr ? i : index[i]];
    return before == nullptr ? x : before[i] * x;
  }
  BB_HOST_DEVICE T Out(T y, int64_t i) const { return after == nullptr ? y : after[i] * y; }
};

// Where row r, counted over all pieces of all rows, lies: a long row consists of `pieces`.
template <typename T>
struct RowPlaces {
  T* data;
  int64_t stride, pieces, n;

  BB_HOST_DEVICE T* Row(int64_t r) const {
    const Divided place = Divide(r, pieces);
    return data + place.quotient * stride + place.remainder * n;
  }
  // Of its first element in the whole row.
  BB_HOST_DEVICE int64_t First(int64_t r) const { return Divide(r, pieces).remainder * n; }
};

// Rows of 16 to kInShared elements, n / kHeld threads each. Phase p < last does stages 3p to 3p + 2
// on elements 8^p apart; the last does what is left on elements n / 8 apart.
template <typename T>
struct WhtRows {
  static constexpr int kMostThreads = kInShared / kHeld;
  static constexpr int kThreads = 256;  // of a block with several rows
  struct State {
    T v[kHeld];
  };

  int64_t rows = 0;
  int log_n = 0;
  RowPlaces<const T> in;
  RowPlaces<T> out;
  T scale = 1;
  Dressing<T> dressing;  // `before` only where a row is one piece

  BB_HOST_DEVICE int ThreadsOfRow() const { return 1 << (log_n - kHeldLog); }
  BB_HOST_DEVICE int RowsOfBlock() const { return Most(1, kThreads / ThreadsOfRow()); }
  // Elements eight apart in memory lie in different banks.
  BB_HOST_DEVICE static int Padded(int i) { return i + (i >> kHeldLog); }
  BB_HOST_DEVICE int PaddedRow() const { return Padded(1 << log_n); }
  int64_t Blocks() const { return CeilDivide(rows, RowsOfBlock()); }
  int Threads() const { return ThreadsOfRow() * RowsOfBlock(); }
  int64_t SharedBytes() const {
    return int64_t{RowsOfBlock()} * PaddedRow() * static_cast<int64_t>(sizeof(T));
  }
  BB_HOST_DEVICE int Passes() const { return static_cast<int>(CeilDivide(log_n, kHeldLog)); }
  // A barrier stands between writing what a pass leaves and reading it, and between reading and
  // writing over it: even phases write, odd ones read. There are at least two passes.
  BB_HOST_DEVICE int Phases() const { return 2 * Passes() - 2; }

  // Element j of thread t in a pass.
  BB_HOST_DEVICE int Index(int pass, int t, int j) const {
    if (pass + 1 == Passes()) return t + (j << (log_n - kHeldLog));
    const int s = kHeldLog * pass;
    return ((t >> s) << (s + kHeldLog)) + (t & ((1 << s) - 1)) + (j << s);
  }

  BB_HOST_DEVICE void Read(const T* row, int t, State& state) const {
    constexpr int kAtOnce = kWide<T>;
    if (!dressing.IsBareBefore()) {
      for (int j = 0; j < kHeld; ++j) state.v[j] = dressing.In(row, kHeld * t + j);
    } else if (reinterpret_cast<uintptr_t>(row) % kAccessBytes == 0) {
      for (int j = 0; j < kHeld; j += kAtOnce) {
        const Lanes<T, kAtOnce> some = Load<kAtOnce>(row, 1, kHeld * t + j);
        for (int k = 0; k < kAtOnce; ++k) state.v[j + k] = some.v[k];
      }
    } else {
      for (int j = 0; j < kHeld; ++j) state.v[j] = row[kHeld * t + j];
    }
  }

  BB_HOST_DEVICE void Run(int phase, Place at, State& state, std::byte* shared) const {
    const int of_row = ThreadsOfRow(), t = at.thread % of_row, slot = at.thread / of_row;
    const int64_t r = at.block * RowsOfBlock() + slot;
    if (r >= rows) return;
    T* held = reinterpret_cast<T*>(shared) + slot * PaddedRow();
    const int pass = (phase + 1) / 2;
    if (phase % 2 != 0) {
      for (int j = 0; j < kHeld; ++j) state.v[j] = held[Padded(Index(pass, t, j))];
      Work(pass, state);
      if (pass + 1 < Passes()) return;
      T* row = out.Row(r);
      const int64_t first = out.First(r);
      for (int j = 0; j < kHeld; ++j) {
        const int i = Index(pass, t, j);
        row[i] = dressing.Out(scale * state.v[j], first + i);
      }
      return;
    }
    if (pass == 0) {
      Read(in.Row(r), t, state);
      Work(0, state);
    }
    for (int j = 0; j < kHeld; ++j) held[Padded(Index(pass, t, j))] = state.v[j];
  }

  BB_HOST_DEVICE void Work(int pass, State& state) const {
    const int left = log_n - kHeldLog * pass;  // stages from this pass on
    Stages(state.v, left >= kHeldLog ? 1 : 1 << (kHeldLog - left), kHeld);
  }
};

// Rows of at most eight elements, a thread each.
template <typename T>
struct WhtShortRow {
  int n;
  RowPlaces<const T> in;
  RowPlaces<T> out;
  T scale;
  Dressing<T> dressing;

  template <int W>
  BB_HOST_DEVICE void At(int64_t, int64_t r) const {
    T v[kHeld];
    const T* from = in.Row(r);
    for (int j = 0; j < kHeld; ++j) v[j] = j < n ? dressing.In(from, j) : T(0);
    Stages(v, 1, n);
    T* to = out.Row(r);
    for (int j = 0; j < kHeld; ++j) {
      if (j < n) to[j] = dressing.Out(scale * v[j], j);
    }
  }
};

// `count` stages on elements `stride` apart of long rows, from memory to memory.
template <typename T>
struct WhtPass {
  const T* in;
  T* out;
  int64_t in_stride, out_stride, stride;
  int count;  // elements combined: 2, 4 or 8
  Dressing<T> dressing;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t item) const {
    const Divided place = Divide(item, stride);
    const int64_t first = place.quotient * stride * count + place.remainder;
    const T* from = in + row * in_stride;
    T* to = out + row * out_stride + first;
    T v[kHeld];
    for (int j = 0; j < kHeld; ++j) v[j] = j < count ? dressing.In(from, first + j * stride) : T(0);
    Stages(v, 1, count);
    for (int j = 0; j < kHeld; ++j) {
      if (j < count) to[j * stride] = v[j];
    }
  }
};

template <typename T>
absl::Status Transform(const Queue& queue, const WhtArgs& args) {
  const auto* in = static_cast<const T*>(args.in);
  auto* out = static_cast<T*>(args.out);
  int64_t in_stride = args.in_row_stride;
  int64_t piece = args.n;
  Dressing<T> dressing{args.index, static_cast<const T*>(args.before),
                       static_cast<const T*>(args.after)};
  while (piece > kInShared) {  // halve from the top
    const int64_t count = std::min<int64_t>(kHeld, piece / kInShared);
    piece /= count;
    WhtPass<T> pass{in,      out, in_stride, args.out_row_stride, piece, static_cast<int>(count),
                    dressing};
    BB_RETURN_IF_ERROR(RunAtPlaces<1>(queue, args.rows, args.n / count, false, pass));
    in = out;
    in_stride = args.out_row_stride;
    dressing.index = nullptr, dressing.before = nullptr;  // they are in
  }
  const int64_t pieces = args.n / piece, rows = args.rows * pieces;
  const RowPlaces<const T> from{in, in_stride, pieces, piece};
  const RowPlaces<T> to{out, args.out_row_stride, pieces, piece};
  const T scale = static_cast<T>(args.scale);
  if (piece <= kHeld) {
    return RunAtEach(queue, rows,
                     WhtShortRow<T>{static_cast<int>(piece), from, to, scale, dressing});
  }
  const int log_n = std::countr_zero(static_cast<uint64_t>(piece));
  return Launch(queue, WhtRows<T>{rows, log_n, from, to, scale, dressing});
}

}  // namespace

absl::Status RunWht(const Queue& queue, const WhtArgs& args) {
  BB_RETURN_IF_ERROR(CheckWht(args));
  return ByReal(args.dtype, [&](auto real) { return Transform<decltype(real)>(queue, args); });
}

}  // namespace basisbench::kernels
