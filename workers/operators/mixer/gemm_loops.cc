// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/gemm_loops.h"

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr size_t kNone = ~size_t{0};

size_t LongestThatMovesC(absl::Span<const Loop> loops) {
  size_t longest = kNone;
  for (size_t i = 0; i < loops.size(); ++i) {
    if (loops[i].c == 0 || loops[i].count == 1) continue;
    if (longest == kNone || loops[i].count > loops[longest].count) longest = i;
  }
  return longest;
}

const void* Advance(const void* data, int64_t elements, Dtype dtype) {
  return static_cast<const std::byte*>(data) + elements * DtypeSize(dtype);
}

// The loops from `at` on, but for the batch.
absl::Status Nest(Device& device, const GemmArgs& args, absl::Span<const Loop> loops, size_t batch,
                  size_t at) {
  if (at == loops.size()) return device.Gemm(args);
  if (at == batch) return Nest(device, args, loops, batch, at + 1);
  const Loop& loop = loops[at];
  GemmArgs one = args;
  for (int64_t i = 0; i < loop.count; ++i) {
    one.a = Advance(args.a, i * loop.a, args.dtype);
    one.b = Advance(args.b, i * loop.b, args.dtype);
    one.c = const_cast<void*>(Advance(args.c, i * loop.c, args.dtype));
    if (loop.c == 0 && i > 0) one.beta = 1.0;
    BB_RETURN_IF_ERROR(Nest(device, one, loops, batch, at + 1));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status GemmOver(Device& device, const GemmArgs& args, absl::Span<const Loop> loops) {
  GemmArgs outer = args;
  const size_t batch = LongestThatMovesC(loops);
  outer.batch = batch == kNone ? 1 : loops[batch].count;
  outer.stride_a = batch == kNone ? 0 : loops[batch].a;
  outer.stride_b = batch == kNone ? 0 : loops[batch].b;
  outer.stride_c = batch == kNone ? 0 : loops[batch].c;
  return Nest(device, outer, loops, batch, 0);
}

}  // namespace basisbench
