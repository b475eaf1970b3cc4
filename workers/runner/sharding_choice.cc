// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/sharding_choice.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "workers/runner/convert.h"

namespace basisbench {
namespace {

constexpr double kMargin = 1.05;

double Per(double amount, double rate) { return rate > 0 ? amount / rate : 0; }

}  // namespace

double PredictedSeconds(const OperatorCost& cost, const v1::Roofs& roofs) {
  // Roofs of arithmetic and memory are those of the gang, of which each rank has its part.
  const auto ranks = static_cast<double>(cost.memory_bytes.size());
  int64_t held = 0;
  for (const int64_t bytes : cost.memory_bytes) held = std::max(held, bytes);
  double wire = 0;
  for (const TrafficTable& table : cost.traffic) {
    const double sending =
        static_cast<double>(MessagesSent(table)) * roofs.wire_latency_seconds() +
        Per(static_cast<double>(BytesSent(table)), roofs.wire_bytes_per_second());
    wire = std::max(wire, sending);
  }
  return Per(cost.flops_executed, roofs.gemm_flops_per_second()) +
         Per(static_cast<double>(held) * ranks, roofs.copy_bytes_per_second()) + wire;
}

std::optional<size_t> FirstNearBest(absl::Span<const std::optional<double>> seconds) {
  std::optional<double> best;
  for (const std::optional<double>& value : seconds) {
    if (value && (!best || *value < *best)) best = value;
  }
  for (size_t i = 0; i < seconds.size(); ++i) {
    if (seconds[i] && *seconds[i] <= kMargin * *best) return i;
  }
  return std::nullopt;
}

void RefuseAboveMemory(int64_t memory_bytes, std::vector<ShardingOption>* options) {
  if (memory_bytes == 0) return;
  for (ShardingOption& option : *options) {
    const int64_t needed = option.LargestBytes();
    if (!option.refusal.ok() || needed <= memory_bytes) continue;
    option.refusal = absl::ResourceExhaustedError(
        absl::StrCat("needs ", needed, " bytes on a rank, which may allocate ", memory_bytes));
  }
}

std::vector<v1::ShardingChoice> ShardingChoices(const std::vector<ShardingOption>& options,
                                                const v1::Roofs* roofs) {
  std::vector<v1::ShardingChoice> choices;
  for (const ShardingOption& option : options) {
    v1::ShardingChoice& choice = choices.emplace_back();
    choice.set_sharding(option.sharding);
    choice.set_refusal(std::string(option.refusal.message()));
    if (option.refusal.ok() && roofs != nullptr) {
      choice.set_predicted_seconds(PredictedSeconds(option.cost, *roofs));
    }
  }
  return choices;
}

std::optional<size_t> ChooseSharding(absl::Span<const v1::ShardingChoice> choices) {
  std::vector<std::optional<double>> seconds;
  for (const v1::ShardingChoice& choice : choices) {
    seconds.push_back(choice.has_predicted_seconds() ? std::optional(choice.predicted_seconds())
                                                     : std::nullopt);
  }
  return FirstNearBest(seconds);
}

}  // namespace basisbench
