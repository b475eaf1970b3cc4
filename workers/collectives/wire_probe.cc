// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/wire_probe.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"

namespace basisbench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// The two ranks of a pair. The leader takes times and says, in each message of one number, how
// many repetitions follow, so that both stop together.
class Pair {
 public:
  Pair(Communicator& communicator, int peer, bool leads)
      : communicator_(communicator), peer_(peer), leads_(leads) {}

  // Half a round trip, median of as many as fit `seconds`.
  absl::StatusOr<double> Latency(double seconds);
  // One way, median of bursts that fit `seconds`; a burst ends with an answer.
  absl::StatusOr<double> Bandwidth(double seconds, std::vector<double>& message);

 private:
  static constexpr int kBurst = 4;

  absl::Status Send(const double* data, int64_t count) { return Move(data, count, true); }
  absl::Status Receive(double* data, int64_t count) { return Move(data, count, false); }

  absl::Status Move(const double* data, int64_t count, bool sends) {
    void* into = const_cast<double*>(data);
    BB_ASSIGN_OR_RETURN(
        std::unique_ptr<Pending> pending,
        communicator_.StartSendRecv(Dtype::kF64, data, sends ? count : 0, sends ? peer_ : -1, into,
                                    sends ? 0 : count, sends ? -1 : peer_));
    return pending->Wait();
  }

  absl::Status RoundTrip() {
    double word = 0;
    BB_RETURN_IF_ERROR(leads_ ? Send(&word, 1) : Receive(&word, 1));
    return leads_ ? Receive(&word, 1) : Send(&word, 1);
  }

  absl::Status Burst(std::vector<double>& message) {
    for (int i = 0; i < kBurst; ++i) {
      const int64_t count = static_cast<int64_t>(message.size());
      BB_RETURN_IF_ERROR(leads_ ? Send(message.data(), count) : Receive(message.data(), count));
    }
    double word = 0;
    return leads_ ? Receive(&word, 1) : Send(&word, 1);
  }

  // Runs `body` a few times to warm up, then as often as fits; times on the leader.
  template <typename Body>
  absl::StatusOr<double> MedianSeconds(double seconds, Body body) {
    constexpr int kWarmup = 2, kFewest = 3, kMost = 2000;
    const auto started = SteadyClock::now();
    for (int i = 0; i < kWarmup; ++i) BB_RETURN_IF_ERROR(body());
    const double each = SecondsSince(started) / kWarmup;
    double repetitions = std::clamp<double>(seconds / std::max(each, 1e-9), kFewest, kMost);
    BB_RETURN_IF_ERROR(leads_ ? Send(&repetitions, 1) : Receive(&repetitions, 1));
    std::vector<double> times;
    for (int i = 0; i < static_cast<int>(repetitions); ++i) {
      const auto begin = SteadyClock::now();
      BB_RETURN_IF_ERROR(body());
      times.push_back(SecondsSince(begin));
    }
    return Median(std::move(times));
  }

  Communicator& communicator_;
  const int peer_;
  const bool leads_;
};

absl::StatusOr<double> Pair::Latency(double seconds) {
  BB_ASSIGN_OR_RETURN(const double round_trip, MedianSeconds(seconds, [&] { return RoundTrip(); }));
  return round_trip / 2;
}

absl::StatusOr<double> Pair::Bandwidth(double seconds, std::vector<double>& message) {
  BB_ASSIGN_OR_RETURN(const double burst, MedianSeconds(seconds, [&] { return Burst(message); }));
  return static_cast<double>(kBurst * message.size() * sizeof(double)) / burst;
}

}  // namespace

absl::StatusOr<WireProbe> ProbeWire(Communicator& communicator, const WireProbeOptions& options) {
  const int ranks = communicator.size(), rank = communicator.rank();
  if (ranks == 1) return WireProbe();
  // Pairs (r, r+1) with r of the phase's parity; with an odd ring its closing pair comes alone.
  const int phases = ranks == 2 ? 1 : ranks % 2 == 0 ? 2 : 3;
  const double share = absl::ToDoubleSeconds(options.budget) / phases;
  std::vector<double> message(std::max<int64_t>(1, options.message_bytes / 8));

  // {latency, 1 / bandwidth} of the pairs this rank led, then of all ranks: worst is largest.
  std::vector<double> worst(2 * static_cast<size_t>(ranks), 0.0);
  for (int phase = 0; phase < phases; ++phase) {
    auto leads = [&](int r) {
      const bool closes_odd_ring = ranks % 2 == 1 && r == ranks - 1;
      return closes_odd_ring ? phase == 2 : r % 2 == phase;
    };
    BB_RETURN_IF_ERROR(communicator.Barrier());
    const int left = (rank - 1 + ranks) % ranks;
    if (!leads(rank) && !leads(left)) continue;
    Pair pair(communicator, leads(rank) ? (rank + 1) % ranks : left, leads(rank));
    BB_ASSIGN_OR_RETURN(const double latency, pair.Latency(share / 4));
    BB_ASSIGN_OR_RETURN(const double bandwidth, pair.Bandwidth(share / 2, message));
    if (!leads(rank)) continue;
    worst[2 * rank] = latency;
    worst[2 * rank + 1] = 1 / bandwidth;
  }
  BB_RETURN_IF_ERROR(
      communicator.AllGather(Dtype::kF64, worst.data(), EvenPieces(2 * ranks, ranks)));
  double latency = 0, seconds_per_byte = 0;
  for (int r = 0; r < ranks; ++r) {
    latency = std::max(latency, worst[2 * r]);
    seconds_per_byte = std::max(seconds_per_byte, worst[2 * r + 1]);
  }
  return WireProbe{.latency_seconds = latency, .bandwidth_bytes_per_second = 1 / seconds_per_byte};
}

}  // namespace basisbench
