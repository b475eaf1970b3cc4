// SPDX-License-Identifier: Apache-2.0
// Three kernels: the largest magnitudes of parts, the scale from them, and the elements by it.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/e4m3.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/lanes.h"
#include "workers/devices/cuda/kernels/quantise.h"
#include "workers/devices/cuda/kernels/rows.h"
#include "workers/devices/cuda/kernels/stored_values.h"

namespace basisbench::kernels {
namespace {

// What is not a number counts as nothing.
template <typename From>
struct Largest {
  static constexpr int kMostThreads = 256, kGroups = 16, kOfGroup = kMostThreads / kGroups;
  using State = NoState;

  int64_t count, blocks;
  const typename From::Stored* x;
  float* largest;  // of every block
  bool is_scale;   // it becomes the scale instead

  int64_t Blocks() const { return blocks; }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const { return (kMostThreads + kGroups) * sizeof(float); }
  BB_HOST_DEVICE constexpr int Phases() const { return 3; }

  BB_HOST_DEVICE void Run(int phase, Place at, State&, std::byte* shared) const {
    float* held = reinterpret_cast<float*>(shared);
    float* grouped = held + kMostThreads;
    if (phase == 0) {
      float most = 0;
      for (int64_t i = at.block * kMostThreads + at.thread; i < count; i += blocks * kMostThreads)
        most = Most(most, std::fabs(From::Value(x[i])));
      held[at.thread] = most;
    } else if (phase == 1 && at.thread < kGroups) {
      grouped[at.thread] = LargestOf(held + at.thread * kOfGroup, kOfGroup);
    } else if (phase == 2 && at.thread == 0) {
      const float most = LargestOf(grouped, kGroups);
      const float scale = most / kLargestE4m3;
      largest[at.block] = !is_scale ? most : scale == 0 ? 1.0f : scale;
    }
  }

  BB_HOST_DEVICE static float LargestOf(const float* values, int count) {
    float most = values[0];
    for (int i = 1; i < count; ++i) most = Most(most, values[i]);
    return most;
  }
};

template <typename From>
struct QuantiseBody {
  using Stored = typename From::Stored;
  const Stored* x;
  const float* scale;
  uint8_t* values;

  template <int W>
  BB_HOST_DEVICE void At(int64_t, int64_t first) const {
    const Lanes<Stored, W> in = Load<W>(x, 1, first);
    const float by = *scale;
    Lanes<uint8_t, W> out;
    for (int k = 0; k < W; ++k) out.v[k] = E4m3FromBits(BitsOf(From::Value(in.v[k]) / by));
    Store(out, values, 1, first);
  }
};

template <typename From>
absl::Status Quantise(const Queue& queue, const QuantiseArgs& args) {
  using Stored = typename From::Stored;
  constexpr int64_t kBlocksEach = 4, kElementsEach = 4096;
  const auto* x = static_cast<const Stored*>(args.x);
  auto* parts = reinterpret_cast<float*>(queue.scratch);
  const int64_t wanted =
      Least(kBlocksEach * queue.multiprocessors, CeilDivide(args.count, kElementsEach));
  const int64_t blocks = Least(wanted, queue.scratch_bytes / static_cast<int64_t>(sizeof(float)));
  BB_RETURN_IF_ERROR(Launch(queue, Largest<From>{args.count, blocks, x, parts, false}));
  BB_RETURN_IF_ERROR(Launch(queue, Largest<FromF32>{blocks, 1, parts, args.scale, true}));
  const bool wide = IsWide<Stored>(1, {{args.x}}) && IsWide<uint8_t>(1, {{args.values}});
  return RunAtPlaces<kWide<Stored>>(queue, 1, args.count, wide,
                                    QuantiseBody<From>{x, args.scale, args.values});
}

}  // namespace

absl::Status RunQuantise(const Queue& queue, const QuantiseArgs& args) {
  BB_RETURN_IF_ERROR(CheckCount(args.count));
  switch (args.dtype) {
    case Dtype::kF32:
      return Quantise<FromF32>(queue, args);
    case Dtype::kBf16:
      return Quantise<FromBf16>(queue, args);
    case Dtype::kF16:
      return Quantise<FromF16>(queue, args);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("no fp8 of ", std::string(DtypeName(args.dtype))));
  }
}

}  // namespace basisbench::kernels
