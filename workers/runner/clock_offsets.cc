// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/clock_offsets.h"

#include <fstream>
#include <limits>
#include <string>

#include "services/base/status_macros.h"
#include "workers/measure/timer.h"
#include "workers/runner/control.h"

namespace basisbench {
namespace {

constexpr int kRoundTrips = 16;

std::string BootId() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

double Now() { return 1e-9 * static_cast<double>(SteadyNanoseconds()); }

// One value from `from` to `to`.
absl::StatusOr<double> Pass(Communicator& world, double value, int from, int to) {
  double received = value;
  const bool sends = world.rank() == from;
  BB_ASSIGN_OR_RETURN(
      const auto pending,
      world.StartSendRecv(Dtype::kF64, sends ? &value : nullptr, sends ? 1 : 0, sends ? to : -1,
                          sends ? nullptr : &received, sends ? 0 : 1, sends ? -1 : from));
  BB_RETURN_IF_ERROR(pending->Wait());
  return received;
}

// Both ends call it; the result on rank 0 is the peer's clock minus its own.
absl::StatusOr<double> OffsetOf(Communicator& world, int peer) {
  double shortest = std::numeric_limits<double>::infinity();
  double offset = 0;
  for (int i = 0; i < kRoundTrips; ++i) {
    const double begin = Now();
    BB_RETURN_IF_ERROR(Pass(world, begin, 0, peer).status());
    BB_ASSIGN_OR_RETURN(const double theirs, Pass(world, Now(), peer, 0));
    const double end = Now();
    if (end - begin >= shortest) continue;
    shortest = end - begin;
    offset = theirs - (begin + end) / 2;
  }
  return offset;
}

}  // namespace

absl::StatusOr<std::vector<double>> MeasureClockOffsets(Communicator& world) {
  BB_ASSIGN_OR_RETURN(const std::vector<std::string> boots, GatherBytes(world, BootId()));
  std::vector<double> offsets(boots.size());
  for (int peer = 1; peer < world.size(); ++peer) {
    if (boots[static_cast<size_t>(peer)] == boots[0]) continue;
    if (world.rank() != 0 && world.rank() != peer) continue;
    BB_ASSIGN_OR_RETURN(offsets[static_cast<size_t>(peer)], OffsetOf(world, peer));
  }
  BB_RETURN_IF_ERROR(BroadcastDoubles(world, absl::MakeSpan(offsets)));
  return offsets;
}

}  // namespace basisbench
