// SPDX-License-Identifier: Apache-2.0
// Stages of 2 x 2 blocks on vectors that lie side by side. Up to three stages whose strides double
// or halve are done on eight elements in registers. Where some vectors fit into shared memory, all
// stages are done there: one pass over memory. Otherwise each group of stages is a pass.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/rows.h"

namespace basisbench::kernels {
namespace {

constexpr int kMostLevels = 3;

// Stages stage, ..., stage + levels - 1, the smallest stride of which is `base`.
struct Group {
  int64_t stage = 0, base = 1;
  int levels = 1;
  bool up = true;  // strides double from stage to stage
};

// The 2^levels elements that a thread takes through a group.
struct Elements {
  int64_t first = 0, within = 0;
};

BB_HOST_DEVICE inline Elements ElementsOf(const Group& group, int64_t item) {
  const Divided place = Divide(item, group.base);
  return {place.quotient * (group.base << group.levels), place.remainder};
}

// Element j of them is number first + within + j * base of the vector.
template <int kLevels, typename T>
BB_HOST_DEVICE void Apply(const Group& group, const T* blocks, int64_t n, Elements at,
                          T (&v)[1 << kLevels]) {
  for (int done = 0; done < kLevels; ++done) {
    const T* stage = blocks + 2 * (group.stage + done) * n + 2 * at.first + 4 * at.within;
    for (int level = 0; level < kLevels; ++level) {
      if (level != (group.up ? done : kLevels - 1 - done)) continue;
      const int half = 1 << level;
      for (int j = 0; j < 1 << kLevels; ++j) {
        if ((j & half) != 0) continue;
        const int64_t pair = ((j >> (level + 1)) * half + (j & (half - 1))) * group.base;
        const T* block = stage + 4 * pair;
        const T a = v[j], b = v[j + half];
        v[j] = block[0] * a + block[1] * b;
        v[j + half] = block[2] * a + block[3] * b;
      }
    }
  }
}

// One group of stages, from memory to memory: a thread has some elements of one vector.
template <int kLevels, typename T>
struct StagesPass {
  Group group;
  int64_t n, cols;
  const T *blocks, *x;
  T* y;

  template <int W>
  BB_HOST_DEVICE void At(int64_t item, int64_t col) const {
    const Elements at = ElementsOf(group, item);
    T v[1 << kLevels];
    const int64_t place = (at.first + at.within) * cols + col, step = group.base * cols;
    for (int j = 0; j < 1 << kLevels; ++j) v[j] = x[place + j * step];
    Apply<kLevels>(group, blocks, n, at, v);
    for (int j = 0; j < 1 << kLevels; ++j) y[place + j * step] = v[j];
  }
};

// All groups on `width` vectors in shared memory. What is between the stages, where wanted, is
// written on the way.
template <typename T>
struct StagesInShared {
  static constexpr int kMostThreads = 512;
  static constexpr int kMostGroups = 24;
  using State = NoState;

  Group groups[kMostGroups];
  int count = 0;
  int64_t n = 0, cols = 0, width = 1;
  const T *blocks = nullptr, *x = nullptr;
  T *y = nullptr, *between = nullptr;
  int64_t last_stage = 0;

  int64_t Blocks() const { return CeilDivide(cols, width); }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const { return n * width * static_cast<int64_t>(sizeof(T)); }
  BB_HOST_DEVICE int Phases() const { return count + 2; }

  BB_HOST_DEVICE void Run(int phase, Place at, State&, std::byte* shared) const {
    T* held = reinterpret_cast<T*>(shared);  // [element][vector of the block]
    if (phase == 0 || phase == count + 1) {
      for (int64_t i = at.thread; i < n * width; i += kMostThreads) {
        const Divided place = Divide(i, width);
        const int64_t col = at.block * width + place.remainder;
        if (col >= cols) continue;
        const int64_t there = place.quotient * cols + col;
        phase == 0 ? held[i] = x[there] : y[there] = held[i];
      }
      return;
    }
    const Group& group = groups[phase - 1];
    if (group.levels == 3) {
      RunGroup<3>(group, at, held);
    } else if (group.levels == 2) {
      RunGroup<2>(group, at, held);
    } else {
      RunGroup<1>(group, at, held);
    }
  }

  template <int kLevels>
  BB_HOST_DEVICE void RunGroup(const Group& group, Place at, T* held) const {
    const int64_t step = group.base * width;
    for (int64_t i = at.thread; i < (n >> kLevels) * width; i += kMostThreads) {
      const Divided place = Divide(i, width);
      const int64_t col = at.block * width + place.remainder;
      if (col >= cols) continue;
      const Elements elements = ElementsOf(group, place.quotient);
      const int64_t element = elements.first + elements.within;
      T* mine = held + element * width + place.remainder;
      T v[1 << kLevels];
      for (int j = 0; j < 1 << kLevels; ++j) v[j] = mine[j * step];
      Apply<kLevels>(group, blocks, n, elements, v);
      for (int j = 0; j < 1 << kLevels; ++j) mine[j * step] = v[j];
      if (between == nullptr || group.stage == last_stage) continue;
      T* kept = between + (group.stage * n + element) * cols + col;
      for (int j = 0; j < 1 << kLevels; ++j) kept[j * group.base * cols] = v[j];
    }
  }
};

// Shared memory a block may take: two thirds of what Hopper's blocks can have, so that n = 4096 of
// f32 fit eight at a time; and the fewest vectors that make whole sectors of memory.
constexpr int64_t kSharedBytes = 144 << 10, kSectorBytes = 32;
constexpr int64_t kMostWidth = 64;

template <typename T>
int64_t WidthInShared(const StagesArgs& args) {
  const auto size = static_cast<int64_t>(sizeof(T));
  int64_t width = kMostWidth;
  while (width > 1 && width * args.n * size > kSharedBytes) width /= 2;
  while (width > 1 && width / 2 >= args.cols) width /= 2;
  const bool fits = width * args.n * size <= kSharedBytes;
  return fits && (width * size >= kSectorBytes || width >= args.cols) ? width : 0;
}

// How many stages from `stage` on double (up) or halve the stride.
int LevelsFrom(absl::Span<const int64_t> strides, size_t stage, bool up) {
  int levels = 1;
  while (levels < kMostLevels && stage + levels < strides.size()) {
    const int64_t last = strides[stage + levels - 1], next = strides[stage + levels];
    if (up ? next != 2 * last : 2 * next != last) break;
    ++levels;
  }
  return levels;
}

Group GroupFrom(absl::Span<const int64_t> strides, size_t stage, bool single) {
  const int up = single ? 1 : LevelsFrom(strides, stage, true);
  const int down = single ? 1 : LevelsFrom(strides, stage, false);
  Group group;
  group.stage = static_cast<int64_t>(stage);
  group.levels = std::max(up, down);
  group.up = up >= down;
  group.base = strides[stage + (group.up ? 0 : group.levels - 1)];
  return group;
}

template <typename T>
absl::Status RunPass(const Queue& queue, const StagesArgs& args, const Group& group, const T* x,
                     T* y) {
  const auto* blocks = static_cast<const T*>(args.blocks);
  const int64_t items = args.n >> group.levels;
  const auto run = [&](const auto& pass) {
    return RunAtPlaces<1>(queue, items, args.cols, false, pass);
  };
  if (group.levels == 3) return run(StagesPass<3, T>{group, args.n, args.cols, blocks, x, y});
  if (group.levels == 2) return run(StagesPass<2, T>{group, args.n, args.cols, blocks, x, y});
  return run(StagesPass<1, T>{group, args.n, args.cols, blocks, x, y});
}

template <typename T>
absl::Status RunPasses(const Queue& queue, const StagesArgs& args) {
  const auto* from = static_cast<const T*>(args.x);
  auto* between = static_cast<T*>(args.between);
  for (size_t stage = 0; stage < args.strides.size();) {
    const Group group = GroupFrom(args.strides, stage, between != nullptr);
    stage += static_cast<size_t>(group.levels);
    const bool keep = between != nullptr && stage < args.strides.size();
    T* to = keep ? between + group.stage * args.n * args.cols : static_cast<T*>(args.y);
    BB_RETURN_IF_ERROR(RunPass<T>(queue, args, group, from, to));
    from = to;
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status RunShared(const Queue& queue, const StagesArgs& args, int64_t width) {
  StagesInShared<T> program;
  program.n = args.n, program.cols = args.cols, program.width = width;
  program.blocks = static_cast<const T*>(args.blocks);
  program.x = static_cast<const T*>(args.x);
  program.y = static_cast<T*>(args.y);
  program.between = static_cast<T*>(args.between);
  program.last_stage = static_cast<int64_t>(args.strides.size()) - 1;
  for (size_t stage = 0; stage < args.strides.size();) {
    const Group group = GroupFrom(args.strides, stage, program.between != nullptr);
    stage += static_cast<size_t>(group.levels);
    program.groups[program.count++] = group;
    if (program.count < StagesInShared<T>::kMostGroups && stage < args.strides.size()) continue;
    BB_RETURN_IF_ERROR(Launch(queue, program));
    program.x = program.y;
    program.count = 0;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunLinearStages(const Queue& queue, const StagesArgs& args) {
  BB_RETURN_IF_ERROR(CheckStages(args.n, args.cols, args.strides));
  if (args.n == 0 || args.cols == 0) return absl::OkStatus();
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    const int64_t width = WidthInShared<T>(args);
    return width > 0 ? RunShared<T>(queue, args, width) : RunPasses<T>(queue, args);
  });
}

}  // namespace basisbench::kernels
