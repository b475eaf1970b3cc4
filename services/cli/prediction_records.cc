// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_records.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/compare_identity.h"
#include "services/cli/derived.h"

namespace basisbench {
namespace {

// Where the ranks of one record lay.
struct Spread {
  std::set<std::string> workers, hosts, models;
};

Spread SpreadOf(const v1::CaseResult& record) {
  Spread spread;
  for (const v1::NodeConditions& node : record.environment().nodes()) {
    spread.workers.insert(node.worker());
    spread.hosts.insert(node.hostname().empty() ? node.worker() : node.hostname());
    spread.models.insert(node.cpu_model());
  }
  return spread;
}

uint32_t DividedUp(uint32_t ranks, size_t places) {
  const auto n = static_cast<uint32_t>(places);
  return (ranks + n - 1) / n;
}

// Why a record cannot be fitted; empty when it can.
std::string Unusable(const v1::CaseResult& record, const Derived& derived) {
  if (!derived.rankable) return "not ok and validated";
  if (derived.median_seconds.value_or(0) <= 0) return "no time";
  if (!record.has_cost()) return "no declared cost";
  if (record.environment().nodes().empty()) return "no record of where it ran";
  if (record.case_().ranks() == 0) return "no world size";
  return record.roofs().copy_bytes_per_second() > 0 ? "" : "no measured copy roof";
}

absl::Status CheckOne(const char* what, const std::set<std::string>& values) {
  if (values.size() < 2) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the records are of several ", what, " (", absl::StrJoin(values, "; "),
                   ") and one fit cannot hold them; give those of one"));
}

absl::Status CheckAlike(const std::vector<const v1::CaseResult*>& records) {
  std::set<std::string> methods, machines, backends;
  for (const v1::CaseResult* record : records) {
    methods.insert(absl::StrCat(record->environment().method_version()));
    machines.insert(absl::StrJoin(SpreadOf(*record).models, " and "));
    backends.insert(record->case_().backend());
  }
  BB_RETURN_IF_ERROR(CheckOne("method versions", methods));
  BB_RETURN_IF_ERROR(CheckOne("machines", machines));
  return CheckOne("backends", backends);
}

void See(const v1::CaseResult& record, Placement* placement) {
  const Spread spread = SpreadOf(record);
  const uint32_t ranks = record.case_().ranks();
  const uint32_t per_host = DividedUp(ranks, spread.hosts.size());
  placement->ranks_per_worker =
      std::max(placement->ranks_per_worker, DividedUp(ranks, spread.workers.size()));
  placement->ranks_per_host = std::max(placement->ranks_per_host, per_host);
  placement->copy_rates[per_host].push_back(record.roofs().copy_bytes_per_second() / ranks);
}

// Slots of the workers that took part; several of them may share a host.
void AddCapacity(const std::vector<const v1::CaseResult*>& records,
                 absl::Span<const v1::WorkerInfo> workers, Placement* placement) {
  std::map<std::string, std::set<std::string>> workers_of;
  for (const v1::CaseResult* record : records) {
    for (const v1::NodeConditions& node : record->environment().nodes()) {
      workers_of[node.hostname().empty() ? node.worker() : node.hostname()].insert(node.worker());
    }
  }
  for (const auto& [host, names] : workers_of) {
    uint32_t slots = 0;
    for (const v1::WorkerInfo& worker : workers) {
      if (!names.contains(worker.name())) continue;
      slots += worker.slots();
      placement->ranks_per_worker = std::max(placement->ranks_per_worker, worker.slots());
    }
    placement->ranks_per_host = std::max(placement->ranks_per_host, slots);
  }
}

void SetWork(const v1::Cost& cost, double copy_rate, RankLoad* load) {
  load->flops = cost.flops_executed() / load->ranks;
  load->memory_seconds = static_cast<double>(cost.bytes_per_rank()) / copy_rate;
  for (const v1::CollectiveTraffic& traffic : cost.traffic()) {
    load->messages += static_cast<double>(traffic.messages_sent());
    load->wire_bytes += static_cast<double>(traffic.bytes_sent());
  }
}

Observation Observe(const v1::CaseResult& record, double seconds) {
  const v1::Case& c = record.case_();
  const Spread spread = SpreadOf(record);
  Observation observation{.key = CaseIdentity(c), .load = {}, .seconds = seconds};
  observation.load.kernel = KernelOf(c);
  observation.load.ranks = c.ranks();
  observation.load.level = spread.hosts.size() > 1     ? Level::kNetwork
                           : spread.workers.size() > 1 ? Level::kHost
                                                       : Level::kWorker;
  SetWork(record.cost(), record.roofs().copy_bytes_per_second() / c.ranks(), &observation.load);
  return observation;
}

}  // namespace

Level Placement::LevelOf(uint32_t ranks) const {
  if (ranks <= ranks_per_worker) return Level::kWorker;
  return ranks <= ranks_per_host ? Level::kHost : Level::kNetwork;
}

double Placement::CopyRate(uint32_t ranks) const {
  const uint32_t density = std::min(ranks, ranks_per_host);
  const auto nearest =
      std::min_element(copy_rates.begin(), copy_rates.end(), [&](const auto& a, const auto& b) {
        const auto away = [&](uint32_t seen) {
          return seen > density ? seen - density : density - seen;
        };
        return away(a.first) < away(b.first);
      });
  std::vector<double> rates = nearest->second;
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  return *middle;
}

std::string KernelOf(const v1::Case& c) {
  return absl::StrJoin({c.operator_().name(), c.dtype(), c.direction(), c.cache(), c.input()}, " ");
}

absl::StatusOr<FitRecords> CollectObservations(absl::Span<const v1::CaseResult> records,
                                               absl::Span<const v1::WorkerInfo> workers) {
  FitRecords fit;
  std::vector<const v1::CaseResult*> usable;
  for (const v1::CaseResult& record : records) {
    const Derived derived = Derive(record);
    const std::string reason = Unusable(record, derived);
    if (!reason.empty()) {
      ++fit.left_out[reason];
      continue;
    }
    usable.push_back(&record);
    fit.observations.push_back(Observe(record, *derived.median_seconds));
    See(record, &fit.placement);
  }
  if (usable.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("none of the ", records.size(), " records can be fitted (",
                     absl::StrJoin(fit.left_out, ", ", absl::PairFormatter(": ")), ")"));
  }
  BB_RETURN_IF_ERROR(CheckAlike(usable));
  AddCapacity(usable, workers, &fit.placement);
  return fit;
}

std::string SharingNote(const v1::Case& c) {
  const int64_t least = std::min({c.shape().tokens(), c.shape().d_in(), c.shape().d_out()});
  if (c.ranks() <= least) return "";
  return absl::StrCat("FLOPs are taken as evenly shared, but with a side of ", least, " some of ",
                      c.ranks(), " ranks may idle");
}

RankLoad LoadOf(const v1::Case& c, const v1::Cost& cost, const Placement& placement) {
  RankLoad load{.kernel = KernelOf(c), .level = placement.LevelOf(c.ranks()), .ranks = c.ranks()};
  SetWork(cost, placement.CopyRate(c.ranks()), &load);
  return load;
}

}  // namespace basisbench
