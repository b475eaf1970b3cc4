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

// Numbers in the memory that messages are sent from: a device's, or the host's where there is none.
class Numbers {
 public:
  static absl::StatusOr<Numbers> Make(Device* device, int64_t count) {
    Numbers numbers(device, count);
    if (device == nullptr) {
      numbers.on_host_.resize(static_cast<size_t>(count));
    } else {
      BB_ASSIGN_OR_RETURN(numbers.on_device_, device->Allocate(numbers.bytes()));
      // Its zeros must not come after a message.
      BB_RETURN_IF_ERROR(device->Synchronize());
    }
    return numbers;
  }

  double* data() { return device_ == nullptr ? on_host_.data() : on_device_.as<double>(); }
  int64_t count() const { return count_; }
  int64_t bytes() const { return count_ * static_cast<int64_t>(sizeof(double)); }

  absl::Status Put(const double* from) {
    if (device_ != nullptr) return device_->Upload(from, bytes(), data());
    std::copy_n(from, count_, data());
    return absl::OkStatus();
  }
  absl::Status Get(double* to) {
    if (device_ != nullptr) return device_->Download(data(), bytes(), to);
    std::copy_n(data(), count_, to);
    return absl::OkStatus();
  }

 private:
  Numbers(Device* device, int64_t count) : device_(device), count_(count) {}

  Device* device_;
  int64_t count_;
  std::vector<double> on_host_;
  Buffer on_device_;
};

// The two ranks of a pair. The leader takes times and says, in each message of one number, how
// many repetitions follow, so that both stop together.
class Pair {
 public:
  Pair(Communicator& communicator, Numbers& word, int peer, bool leads)
      : communicator_(communicator), word_(word), peer_(peer), leads_(leads) {}

  // Half a round trip, median of as many as fit `seconds`.
  absl::StatusOr<double> Latency(double seconds);
  // One way, median of bursts that fit `seconds`; a burst ends with an answer.
  absl::StatusOr<double> Bandwidth(double seconds, Numbers& message);

 private:
  static constexpr int kBurst = 4;

  absl::Status Move(Numbers& numbers, bool sends) {
    const int64_t count = numbers.count();
    BB_ASSIGN_OR_RETURN(std::unique_ptr<Pending> pending,
                        communicator_.StartSendRecv(Dtype::kF64, numbers.data(), sends ? count : 0,
                                                    sends ? peer_ : -1, numbers.data(),
                                                    sends ? 0 : count, sends ? -1 : peer_));
    return pending->Wait();
  }

  absl::Status RoundTrip() {
    BB_RETURN_IF_ERROR(Move(word_, leads_));
    return Move(word_, !leads_);
  }

  absl::Status Burst(Numbers& message) {
    for (int i = 0; i < kBurst; ++i) BB_RETURN_IF_ERROR(Move(message, leads_));
    return Move(word_, !leads_);
  }

  // The leader's number on both.
  absl::Status Tell(double* number) {
    if (leads_) BB_RETURN_IF_ERROR(word_.Put(number));
    BB_RETURN_IF_ERROR(Move(word_, leads_));
    return word_.Get(number);
  }

  // Runs `body` a few times to warm up, then as often as fits; times on the leader.
  template <typename Body>
  absl::StatusOr<double> MedianSeconds(double seconds, Body body) {
    constexpr int kWarmup = 2, kFewest = 3, kMost = 2000;
    const auto started = SteadyClock::now();
    for (int i = 0; i < kWarmup; ++i) BB_RETURN_IF_ERROR(body());
    const double each = SecondsSince(started) / kWarmup;
    double repetitions = std::clamp<double>(seconds / std::max(each, 1e-9), kFewest, kMost);
    BB_RETURN_IF_ERROR(Tell(&repetitions));
    std::vector<double> times;
    for (int i = 0; i < static_cast<int>(repetitions); ++i) {
      const auto begin = SteadyClock::now();
      BB_RETURN_IF_ERROR(body());
      times.push_back(SecondsSince(begin));
    }
    return Median(std::move(times));
  }

  Communicator& communicator_;
  Numbers& word_;
  const int peer_;
  const bool leads_;
};

absl::StatusOr<double> Pair::Latency(double seconds) {
  BB_ASSIGN_OR_RETURN(const double round_trip, MedianSeconds(seconds, [&] { return RoundTrip(); }));
  return round_trip / 2;
}

absl::StatusOr<double> Pair::Bandwidth(double seconds, Numbers& message) {
  BB_ASSIGN_OR_RETURN(const double burst, MedianSeconds(seconds, [&] { return Burst(message); }));
  return static_cast<double>(kBurst * message.bytes()) / burst;
}

}  // namespace

absl::StatusOr<WireProbe> ProbeWire(Communicator& communicator, const WireProbeOptions& options) {
  const int ranks = communicator.size(), rank = communicator.rank();
  if (ranks == 1) return WireProbe();
  // Pairs (r, r+1) with r of the phase's parity; with an odd ring its closing pair comes alone.
  const int phases = ranks == 2 ? 1 : ranks % 2 == 0 ? 2 : 3;
  const double share = absl::ToDoubleSeconds(options.budget) / phases;
  BB_ASSIGN_OR_RETURN(
      Numbers message,
      Numbers::Make(options.device, std::max<int64_t>(1, options.message_bytes / 8)));
  BB_ASSIGN_OR_RETURN(Numbers word, Numbers::Make(options.device, 1));
  BB_ASSIGN_OR_RETURN(Numbers shared, Numbers::Make(options.device, 2 * ranks));

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
    Pair pair(communicator, word, leads(rank) ? (rank + 1) % ranks : left, leads(rank));
    BB_ASSIGN_OR_RETURN(const double latency, pair.Latency(share / 4));
    BB_ASSIGN_OR_RETURN(const double bandwidth, pair.Bandwidth(share / 2, message));
    if (!leads(rank)) continue;
    worst[2 * rank] = latency;
    worst[2 * rank + 1] = 1 / bandwidth;
  }
  BB_RETURN_IF_ERROR(shared.Put(worst.data()));
  BB_RETURN_IF_ERROR(
      communicator.AllGather(Dtype::kF64, shared.data(), EvenPieces(2 * ranks, ranks)));
  BB_RETURN_IF_ERROR(shared.Get(worst.data()));
  double latency = 0, seconds_per_byte = 0;
  for (int r = 0; r < ranks; ++r) {
    latency = std::max(latency, worst[2 * r]);
    seconds_per_byte = std::max(seconds_per_byte, worst[2 * r + 1]);
  }
  return WireProbe{.latency_seconds = latency, .bandwidth_bytes_per_second = 1 / seconds_per_byte};
}

}  // namespace basisbench
