// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/roofs.h"

#include <algorithm>
#include <functional>

#include "services/base/status_macros.h"
#include "workers/collectives/wire_probe.h"
#include "workers/measure/cache.h"
#include "workers/runner/control.h"
#include "workers/runner/timed_body.h"

namespace basisbench {
namespace {

// The smallest is for ranks whose memory limit leaves no room for the others.
constexpr int64_t kGemmSizes[] = {256, 1024, 2048};
constexpr int kMostRepeats = 12;
constexpr double kBudgetSeconds = 0.3;
constexpr int64_t kLeastCopyBytes = int64_t{64} << 20;

// Ordinary values in [-1, 1): constants would be easy data.
template <typename T>
void FillWithNoise(T* values, int64_t count) {
  uint64_t state = 1;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX
    values[i] = static_cast<T>(static_cast<double>(state >> 11) * 0x1p-52 - 1);
  }
}

// Seconds of the slowest rank in the best repetition; 0 when some rank could not run the body.
absl::StatusOr<double> BestSeconds(RunContext& context, const std::function<absl::Status()>& body) {
  double best = 0, spent = 0;
  for (int i = 0; i < kMostRepeats && (i < 3 || spent < kBudgetSeconds); ++i) {
    BB_ASSIGN_OR_RETURN(const TimedBody timed, TimeBody(context, false, 1, body));
    BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, timed.status));
    if (!agreed.verdict.ok()) return 0;
    BB_ASSIGN_OR_RETURN(const auto all, GatherDoubles(context.world, {timed.seconds}));
    const double slowest = *std::max_element(all.begin(), all.end());
    spent += slowest;
    if (best == 0 || slowest < best) best = slowest;
  }
  return best;
}

absl::StatusOr<double> GemmRoof(RunContext& context, Dtype dtype, int64_t n) {
  auto buffer = context.device.Allocate(3 * n * n * DtypeSize(dtype));
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, buffer.status()));
  if (!agreed.verdict.ok()) return 0;
  const int64_t matrix = n * n * DtypeSize(dtype);
  if (dtype == Dtype::kF32) {
    FillWithNoise(buffer->as<float>(), 2 * n * n);
  } else {
    FillWithNoise(buffer->as<double>(), 2 * n * n);
  }
  GemmArgs args;
  args.dtype = dtype;
  args.m = args.n = args.k = n;
  args.a = buffer->data();
  args.b = buffer->data() + matrix;
  args.c = buffer->data() + 2 * matrix;
  args.lda = args.ldb = args.ldc = n;
  BB_ASSIGN_OR_RETURN(const double seconds,
                      BestSeconds(context, [&] { return context.device.Gemm(args); }));
  const double flops = 2.0 * static_cast<double>(n) * n * n * context.world.size();
  return seconds > 0 ? flops / seconds : 0;
}

absl::StatusOr<double> CopyRoof(RunContext& context) {
  const int64_t bytes = std::max(kLeastCopyBytes, 2 * LastLevelCacheBytes());
  auto buffer = context.device.Allocate(2 * bytes);
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, buffer.status()));
  if (!agreed.verdict.ok()) return 0;
  CopyArgs args;
  args.dtype = Dtype::kF64;
  args.rows = 1;
  args.cols = bytes / DtypeSize(Dtype::kF64);
  args.from = buffer->data();
  args.to = buffer->data() + bytes;
  args.from_row_stride = args.to_row_stride = args.cols;
  BB_ASSIGN_OR_RETURN(const double seconds,
                      BestSeconds(context, [&] { return context.device.Copy(args); }));
  return seconds > 0 ? 2.0 * static_cast<double>(bytes) * context.world.size() / seconds : 0;
}

}  // namespace

absl::StatusOr<v1::Roofs> MeasureRoofs(RunContext& context, Dtype stored) {
  const Dtype dtype = ComputeDtype(stored);
  v1::Roofs roofs;
  double gemm = 0;
  for (int64_t n : kGemmSizes) {
    BB_ASSIGN_OR_RETURN(const double rate, GemmRoof(context, dtype, n));
    gemm = std::max(gemm, rate);
  }
  roofs.set_gemm_flops_per_second(gemm);
  BB_ASSIGN_OR_RETURN(const double copy, CopyRoof(context));
  roofs.set_copy_bytes_per_second(copy);
  if (context.world.size() > 1) {
    BB_ASSIGN_OR_RETURN(const WireProbe wire, ProbeWire(context.world));
    roofs.set_wire_bytes_per_second(wire.bandwidth_bytes_per_second);
    roofs.set_wire_latency_seconds(wire.latency_seconds);
  }
  return roofs;
}

}  // namespace basisbench
