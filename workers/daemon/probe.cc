// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/probe.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

// Labels come from rank processes; a broken one must not grow the metrics without bound.
constexpr size_t kMaxSeries = 1000;
constexpr char kOther[] = "other";

// Counters only grow; what is not a number or negative counts as nothing.
double Sane(double value) { return std::isfinite(value) && value > 0 ? value : 0; }

}  // namespace

Probe::Probe(MetricSet& metrics) : metrics_(metrics) {
  SetLeaseHeld(false);
  SetSlotsUsed(0);
  SetUnacknowledged(0);
  RanksChanged(0);
  metrics_.Counter("basisbench_worker_attachments_total");
  metrics_.Histogram("basisbench_launch_duration_seconds");
}

void Probe::Identify(const std::string& worker, const std::string& device,
                     const v1::Inventory& inventory, uint32_t slots) {
  metrics_
      .Gauge("basisbench_worker_info", {{"worker", worker},
                                        {"device", device},
                                        {"hostname", inventory.hostname()},
                                        {"cpu_model", inventory.cpu_model()}})
      .Set(1);
  metrics_.Gauge("basisbench_worker_slots").Set(slots);
  for (const v1::GpuInfo& gpu : inventory.gpus()) {
    metrics_
        .Gauge("basisbench_worker_gpu_info",
               {{"gpu", absl::StrCat(gpu.index())}, {"name", gpu.name()}, {"uuid", gpu.uuid()}})
        .Set(1);
  }
}

void Probe::Attached() { metrics_.Counter("basisbench_worker_attachments_total").Increment(); }
void Probe::SetLeaseHeld(bool held) {
  metrics_.Gauge("basisbench_worker_attached").Set(held ? 1 : 0);
}
void Probe::SetSlotsUsed(uint32_t slots) {
  metrics_.Gauge("basisbench_worker_slots_used").Set(slots);
}
void Probe::RanksChanged(int change) {
  metrics_.Gauge("basisbench_ranks_running").Increment(change);
}

void Probe::SetUnacknowledged(size_t records) {
  metrics_.Gauge("basisbench_results_unacknowledged").Set(static_cast<double>(records));
}

void Probe::Launched(absl::Duration duration) {
  metrics_.Histogram("basisbench_launch_duration_seconds").Observe(absl::ToDoubleSeconds(duration));
}

Probe::OperatorSeries& Probe::Of(const v1::RankActivity& activity) {
  std::tuple key(activity.operator_name(), activity.backend(), activity.dtype());
  if (operators_.size() >= kMaxSeries && !operators_.contains(key)) key = {kOther, kOther, kOther};
  const auto [found, added] = operators_.try_emplace(key);
  if (added) {
    const MetricLabels labels = {
        {"operator", std::get<0>(key)}, {"backend", std::get<1>(key)}, {"dtype", std::get<2>(key)}};
    found->second = {&metrics_.Histogram("basisbench_iteration_duration_seconds", labels),
                     &metrics_.Counter("basisbench_flops_total", labels),
                     &metrics_.Counter("basisbench_effective_flops_total", labels),
                     &metrics_.Counter("basisbench_memory_traffic_bytes_total", labels)};
  }
  return found->second;
}

Probe::CollectiveSeries& Probe::Of(const std::string& collective, const std::string& backend) {
  std::pair key(collective, backend);
  if (collectives_.size() >= kMaxSeries && !collectives_.contains(key)) key = {kOther, kOther};
  const auto [found, added] = collectives_.try_emplace(key);
  if (added) {
    const MetricLabels labels = {{"collective", key.first}, {"backend", key.second}};
    found->second = {&metrics_.Counter("basisbench_collective_calls_total", labels),
                     &metrics_.Counter("basisbench_collective_sent_bytes_total", labels),
                     &metrics_.Counter("basisbench_collective_messages_total", labels),
                     &metrics_.Counter("basisbench_collective_seconds_total", labels)};
  }
  return found->second;
}

void Probe::Record(const v1::RankActivity& activity) {
  absl::MutexLock lock(&mutex_);
  if (!activity.operator_name().empty()) {
    OperatorSeries& series = Of(activity);
    for (const double seconds : activity.iteration_seconds())
      series.duration->Observe(Sane(seconds));
    series.flops->Increment(Sane(activity.flops_executed()));
    series.effective_flops->Increment(Sane(activity.flops_effective()));
    series.memory_bytes->Increment(Sane(activity.memory_bytes()));
  }
  for (const v1::CollectiveTraffic& traffic : activity.traffic()) {
    CollectiveSeries& collective = Of(traffic.collective(), activity.backend());
    collective.calls->Increment(Sane(static_cast<double>(traffic.calls())));
    collective.bytes->Increment(Sane(static_cast<double>(traffic.bytes_sent())));
    collective.messages->Increment(Sane(static_cast<double>(traffic.messages_sent())));
    collective.seconds->Increment(Sane(traffic.seconds()));
  }
}

}  // namespace basisbench
