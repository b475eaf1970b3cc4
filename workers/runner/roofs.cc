// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/roofs.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/collectives/wire_probe.h"
#include "workers/measure/cache.h"
#include "workers/measure/profiler_range.h"
#include "workers/runner/control.h"
#include "workers/runner/timed_body.h"

namespace basisbench {
namespace {

// The smallest is for ranks whose memory limit leaves no room for the others. A GPU needs more to
// be busy.
constexpr int64_t kGemmSizes[] = {256, 1024, 2048};
constexpr int64_t kGpuGemmSizes[] = {1024, 4096, 8192, 16384};
constexpr int kMostRepeats = 12;
constexpr double kBudgetSeconds = 0.3;
constexpr int64_t kLeastCopyBytes = int64_t{64} << 20;
// Launches and waits are not to be seen beside it where the host takes the time.
constexpr int64_t kGpuCopyBytes = int64_t{1} << 30;
constexpr int64_t kNoiseChunk = int64_t{1} << 20;

// Ordinary values in [-1, 1), the same ones chunk after chunk: constants would be easy data.
absl::Status UploadNoise(Device& device, Dtype dtype, int64_t count, std::byte* to) {
  const int64_t size = DtypeSize(dtype), values = std::min(count, kNoiseChunk);
  std::vector<std::byte> chunk(static_cast<size_t>(values * size));
  uint64_t state = 1;
  for (int64_t i = 0; i < values; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX
    StoreElement(dtype, chunk.data(), i, static_cast<double>(state >> 11) * 0x1p-52 - 1);
  }
  for (int64_t done = 0; done < count; done += values) {
    const int64_t now = std::min(count - done, values);
    BB_RETURN_IF_ERROR(device.Upload(chunk.data(), now * size, to + done * size));
  }
  return absl::OkStatus();
}

// Seconds of the slowest rank in the best repetition; 0 when some rank could not run the body.
absl::StatusOr<double> BestSeconds(RunContext& context, BodyClock& clock) {
  double best = 0, spent = 0;
  for (int i = 0; i < kMostRepeats && (i < 3 || spent < kBudgetSeconds); ++i) {
    BB_ASSIGN_OR_RETURN(const TimedBody timed, TimeBody(context, clock, false, 1));
    BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, timed.status));
    if (!agreed.verdict.ok()) return 0;
    BB_ASSIGN_OR_RETURN(const auto all, GatherDoubles(context.world, {timed.seconds}));
    const double slowest = *std::max_element(all.begin(), all.end());
    spent += slowest;
    if (best == 0 || slowest < best) best = slowest;
  }
  return best;
}

// Two operands and a result.
absl::StatusOr<Buffer> MatricesOf(Device& device, Dtype dtype, int64_t n) {
  BB_ASSIGN_OR_RETURN(Buffer buffer, device.Allocate(3 * n * n * DtypeSize(dtype)));
  BB_RETURN_IF_ERROR(UploadNoise(device, dtype, 2 * n * n, buffer.data()));
  return buffer;
}

// 0 where some rank has no room.
absl::StatusOr<double> GemmRoof(RunContext& context, Dtype dtype, int64_t n, v1::Roofs* roofs) {
  auto buffer = MatricesOf(context.device, dtype, n);
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, buffer.status()));
  if (!agreed.verdict.ok()) return 0;
  const int64_t matrix = n * n * DtypeSize(dtype);
  GemmArgs args;
  args.dtype = dtype;
  args.m = args.n = args.k = n;
  args.a = buffer->data();
  args.b = buffer->data() + matrix;
  args.c = buffer->data() + 2 * matrix;
  args.lda = args.ldb = args.ldc = n;
  const auto clock = MakeBodyClock(context, [&] { return context.device.Gemm(args); });
  BB_ASSIGN_OR_RETURN(const double seconds, BestSeconds(context, *clock));
  roofs->set_method(clock->method());
  const double flops = 2.0 * static_cast<double>(n) * n * n * context.world.size();
  return seconds > 0 ? flops / seconds : 0;
}

absl::Status BestGemm(RunContext& context, Dtype dtype, v1::Roofs* roofs) {
  const auto sizes = context.gpu == nullptr ? absl::Span<const int64_t>(kGemmSizes)
                                            : absl::Span<const int64_t>(kGpuGemmSizes);
  for (int64_t n : sizes) {
    BB_ASSIGN_OR_RETURN(const double rate, GemmRoof(context, dtype, n, roofs));
    if (rate <= roofs->gemm_flops_per_second()) continue;
    roofs->set_gemm_flops_per_second(rate);
    roofs->set_gemm_n(n);
  }
  return absl::OkStatus();
}

// Much more than the caches hold.
int64_t CopyBytes(const RunContext& context) {
  if (context.gpu == nullptr) return std::max(kLeastCopyBytes, 2 * LastLevelCacheBytes());
  return std::max(kGpuCopyBytes, 4 * context.gpu->cache_bytes);
}

absl::Status CopyRoof(RunContext& context, int64_t bytes, v1::Roofs* roofs) {
  auto buffer = context.device.Allocate(2 * bytes);
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, buffer.status()));
  if (!agreed.verdict.ok()) return absl::OkStatus();
  CopyArgs args;
  args.dtype = Dtype::kF64;
  args.rows = 1;
  args.cols = bytes / DtypeSize(Dtype::kF64);
  args.from = buffer->data();
  args.to = buffer->data() + bytes;
  args.from_row_stride = args.to_row_stride = args.cols;
  const auto clock = MakeBodyClock(context, [&] { return context.device.Copy(args); });
  BB_ASSIGN_OR_RETURN(const double seconds, BestSeconds(context, *clock));
  if (seconds <= 0) return absl::OkStatus();
  roofs->set_copy_bytes_per_second(2.0 * static_cast<double>(bytes) * context.world.size() /
                                   seconds);
  roofs->set_copy_bytes(bytes);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Roofs> MeasureRoofs(RunContext& context, Dtype stored) {
  const ProfilerRange range("roofs");
  v1::Roofs roofs;
  const Dtype multiplied = context.device.MultipliesHalves() ? stored : ComputeDtype(stored);
  BB_RETURN_IF_ERROR(BestGemm(context, multiplied, &roofs));
  BB_RETURN_IF_ERROR(CopyRoof(context, CopyBytes(context), &roofs));
  // A GPU that is full of operands may have room for less.
  if (context.gpu != nullptr && roofs.copy_bytes() == 0) {
    BB_RETURN_IF_ERROR(CopyRoof(context, 4 * context.gpu->cache_bytes, &roofs));
  }
  if (context.world.size() > 1) {
    WireProbeOptions options;
    if (context.device_world != nullptr) options.device = &context.device;
    BB_ASSIGN_OR_RETURN(const WireProbe wire, ProbeWire(context.movement(), options));
    roofs.set_wire_bytes_per_second(wire.bandwidth_bytes_per_second);
    roofs.set_wire_latency_seconds(wire.latency_seconds);
  }
  return roofs;
}

}  // namespace basisbench
