// SPDX-License-Identifier: Apache-2.0
#include "services/cli/derived.h"

#include <algorithm>

#include "services/cli/exit_code.h"

namespace basisbench {
namespace {

void DeriveRates(const v1::CaseResult& result, double seconds, Derived* d) {
  if (seconds <= 0) return;
  const v1::Cost& cost = result.cost();
  if (cost.flops_executed() > 0) d->executed_flops_per_second = cost.flops_executed() / seconds;
  if (cost.flops_effective() > 0) d->effective_flops_per_second = cost.flops_effective() / seconds;
  const v1::Roofs& roofs = result.roofs();
  if (d->executed_flops_per_second && roofs.gemm_flops_per_second() > 0) {
    d->gemm_roof_fraction = *d->executed_flops_per_second / roofs.gemm_flops_per_second();
  }
  if (cost.bytes_min() > 0 && roofs.copy_bytes_per_second() > 0) {
    d->copy_roof_fraction = cost.bytes_min() / seconds / roofs.copy_bytes_per_second();
  }
  const double gemm = d->gemm_roof_fraction.value_or(-1);
  const double copy = d->copy_roof_fraction.value_or(-1);
  if (std::max(gemm, copy) < 0) return;
  d->roof_fraction = std::max(gemm, copy);
  d->roof = gemm >= copy ? "gemm" : "copy";
}

std::optional<double> ValueOf(const v1::Measured& measured) {
  if (!measured.has_value()) return std::nullopt;
  return measured.value();
}

// The ring and pairwise algorithms send exactly payload x factor from each rank.
std::optional<double> BusFactor(const std::string& collective, uint32_t ranks) {
  const double others = static_cast<double>(ranks - 1) / ranks;
  if (collective == "all_reduce") return 2 * others;
  if (collective == "send_recv") return 1;
  const bool one_pass =
      collective == "all_gather" || collective == "reduce_scatter" || collective == "all_to_all";
  if (one_pass) return others;
  return std::nullopt;
}

void DeriveWire(const v1::CaseResult& result, Derived* d) {
  if (!result.has_timing()) {
    if (!result.has_cost()) return;
    d->wire_bytes = result.cost().wire_bytes_total();
    d->wire_messages = result.cost().wire_messages_total();
    return;
  }
  d->wire_bytes = result.counted_wire_bytes_total();
  d->wire_messages = result.counted_wire_messages_total();
  int64_t most = 0;
  for (const v1::CollectiveTraffic& traffic : result.counted()) most += traffic.bytes_sent();
  d->wire_bytes_max_rank = most;
  const v1::Cost& cost = result.cost();
  if (cost.has_wire_bytes_lower_bound() && cost.wire_bytes_lower_bound() > 0) {
    d->wire_bound_ratio = static_cast<double>(most) / cost.wire_bytes_lower_bound();
  }
  const bool comparable =
      d->median_seconds.value_or(0) > 0 && result.roofs().wire_bytes_per_second() > 0 && most > 0;
  if (!comparable) return;
  d->wire_roof_fraction =
      static_cast<double>(most) / *d->median_seconds / result.roofs().wire_bytes_per_second();
}

void DeriveTiming(const v1::CaseResult& result, Derived* d) {
  if (!result.has_timing() || !result.timing().has_seconds()) return;
  const v1::Summary& summary = result.timing().seconds();
  d->median_seconds = summary.median();
  if (summary.has_median_ci_low() && summary.has_median_ci_high()) {
    d->median_ci_low_seconds = summary.median_ci_low();
    d->median_ci_high_seconds = summary.median_ci_high();
  }
  DeriveRates(result, summary.median(), d);
  d->compute_seconds = ValueOf(result.timing().compute_seconds());
  d->communication_seconds = ValueOf(result.timing().communication_seconds());
  d->overlap_ratio = ValueOf(result.timing().overlap_ratio());
  d->energy_joules = ValueOf(result.energy_joules());
  d->memory_bytes_measured = ValueOf(result.memory_bytes());
}

void DeriveVerdict(const v1::CaseResult& result, Derived* d) {
  if (result.outcome() == v1::OUTCOME_INVALID_RESULT) {
    d->verdict = "INVALID";
  } else if (result.case_().baseline()) {
    d->verdict = "BASELINE";
  } else if (result.outcome() == v1::OUTCOME_OK && !d->rankable) {
    d->verdict = "UNVALIDATED";
  } else if (d->rankable && result.has_comparison()) {
    const v1::BaselineComparison& comparison = result.comparison();
    d->verdict = comparison.verdict();
    if (comparison.verdict() == "INVALID") return;
    d->speedup = comparison.speedup();
    if (comparison.has_speedup_low() && comparison.has_speedup_high()) {
      d->speedup_low = comparison.speedup_low();
      d->speedup_high = comparison.speedup_high();
    }
  }
}

// A value newer than this program has no name.
std::string WithoutPrefix(const std::string& name, size_t length) {
  return name.size() > length ? name.substr(length) : "UNKNOWN";
}

}  // namespace

Derived Derive(const v1::CaseResult& result) {
  Derived d;
  const bool validated = result.has_validation() && result.validation().method() != "none" &&
                         result.validation().passed();
  d.rankable = result.outcome() == v1::OUTCOME_OK && validated;
  if (result.outcome() == v1::OUTCOME_OK) DeriveTiming(result, &d);
  if (result.has_cost()) d.memory_bytes_model = result.cost().bytes_min();
  d.expressiveness = ValueOf(result.expressiveness());
  DeriveWire(result, &d);
  if (result.has_validation() && result.validation().method() != "none") {
    d.relative_error = result.validation().relative_error();
  }
  DeriveVerdict(result, &d);
  return d;
}

std::vector<CollectiveRate> DeriveCollectives(const v1::CaseResult& result) {
  std::vector<CollectiveRate> rates;
  for (const v1::CollectiveTraffic& traffic : result.counted()) {
    CollectiveRate rate;
    rate.collective = traffic.collective();
    rate.calls = traffic.calls();
    rate.bytes_sent = traffic.bytes_sent();
    rate.messages_sent = traffic.messages_sent();
    if (traffic.has_seconds()) rate.seconds = traffic.seconds();
    const auto factor = BusFactor(rate.collective, std::max(1u, result.case_().ranks()));
    if (rate.seconds.value_or(0) > 0 && factor.value_or(0) > 0) {
      rate.busbw_bytes_per_second = static_cast<double>(rate.bytes_sent) / *rate.seconds;
      rate.algbw_bytes_per_second = *rate.busbw_bytes_per_second / *factor;
    }
    rates.push_back(std::move(rate));
  }
  return rates;
}

std::string OutcomeName(v1::Outcome outcome) {
  return WithoutPrefix(v1::Outcome_Name(outcome), sizeof("OUTCOME_") - 1);
}

std::string StateName(v1::JobState state) {
  return WithoutPrefix(v1::JobState_Name(state), sizeof("JOB_STATE_") - 1);
}

bool IsEnded(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
         state == v1::JOB_STATE_CANCELLED;
}

int ExitCodeForJob(const v1::Job& job, const std::vector<v1::CaseResult>& results) {
  const bool wrong = std::any_of(results.begin(), results.end(), [](const v1::CaseResult& r) {
    return r.outcome() == v1::OUTCOME_INVALID_RESULT;
  });
  if (wrong) return kExitVerificationFailed;
  if (job.state() == v1::JOB_STATE_CANCELLED) return kExitJobCancelled;
  return job.state() == v1::JOB_STATE_SUCCEEDED ? kExitOk : kExitJobFailed;
}

}  // namespace basisbench
