// SPDX-License-Identifier: Apache-2.0
#include "services/cli/result_columns.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

using Entry = ResultEntry;

const v1::Case& CaseOf(const Entry& e) { return e.result->case_(); }

template <typename T>
Cell Number(const std::optional<T>& value, std::string (*text)(double)) {
  if (!value) return Cell();
  return Cell(Json(*value), text(static_cast<double>(*value)));
}

template <typename T>
Cell Plain(const std::optional<T>& value) {
  return value ? Cell(Json(*value)) : Cell();
}

Cell Median(const Entry& e) { return MedianCell(e.derived); }

Cell Verdict(const Entry& e) {
  const Derived& d = e.derived;
  std::string text = d.verdict;
  if (d.speedup) absl::StrAppend(&text, " ", HumanRatio(*d.speedup));
  if (d.speedup_low) {
    absl::StrAppend(&text, " [", HumanRatio(*d.speedup_low), ", ", HumanRatio(*d.speedup_high),
                    "]");
  }
  return Cell(Json(d.verdict), text);
}

Cell Roof(const Entry& e) {
  const Derived& d = e.derived;
  if (!d.roof_fraction) return Cell();
  return Cell(Json(*d.roof_fraction), absl::StrCat(HumanPercent(*d.roof_fraction), " ", d.roof));
}

Cell Samples(const Entry& e) {
  const v1::Timing& timing = e.result->timing();
  return timing.has_seconds() ? Cell(Json(timing.seconds().count())) : Cell();
}

Cell Straggler(const Entry& e) {
  // 0 means that it was not determined: the slowest rank over the fastest is at least 1.
  const double ratio = e.result->timing().straggler_ratio();
  return ratio > 0 ? Cell(Json(ratio), HumanRatio(ratio)) : Cell();
}

Cell MethodVersion(const Entry& e) {
  return e.result->has_environment() ? Cell(Json(e.result->environment().method_version()))
                                     : Cell();
}

Cell ShardingChoices(const Entry& e) {
  const auto& choices = e.result->sharding_choices();
  return choices.empty() ? Cell() : Cell(Json(ShardingChoicesText(choices)));
}

std::vector<ResultColumn> CaseColumns() {
  constexpr Audience kAll = Audience::kAll, kMachine = Audience::kMachine, kWide = Audience::kWide;
  return {
      {{"index", kWide, true}, [](const Entry& e) { return Cell(Json(CaseOf(e).index())); }},
      {{"operator", kAll},
       [](const Entry& e) { return Cell(Json(OperatorText(CaseOf(e).operator_()))); }},
      {{"sharding", kAll},
       [](const Entry& e) { return Cell(Json(CaseOf(e).sharding()), ShardingText(CaseOf(e))); }},
      {{"grid", kWide}, [](const Entry& e) { return Cell(Json(CaseOf(e).grid())); }},
      {{"preset", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).preset())); }},
      {{"site", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).site())); }},
      {{"phase", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).phase())); }},
      {{"tokens", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).shape().tokens())); }},
      {{"d_in", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).shape().d_in())); }},
      {{"d_out", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).shape().d_out())); }},
      {{"dtype", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).dtype())); }},
      {{"direction", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).direction())); }},
      {{"cache", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).cache())); }},
      {{"input", kWide}, [](const Entry& e) { return Cell(Json(CaseOf(e).input())); }},
      {{"ranks", kMachine}, [](const Entry& e) { return Cell(Json(CaseOf(e).ranks())); }},
      {{"backend", kWide}, [](const Entry& e) { return Cell(Json(CaseOf(e).backend())); }},
      {{"comparison_group", kMachine},
       [](const Entry& e) { return Cell(Json(CaseOf(e).comparison_group())); }},
      {{"samples", kWide, true}, Samples},
      {{"requested_sharding", kMachine},
       [](const Entry& e) { return Cell(Json(CaseOf(e).requested_sharding())); }},
      {{"sharding_choices", kWide, false, "PREDICTED BY SHARDING"}, ShardingChoices, true},
  };
}

std::vector<ResultColumn> CostColumns() {
  constexpr Audience kAll = Audience::kAll, kMachine = Audience::kMachine, kWide = Audience::kWide;
  return {
      {{"median", Audience::kHuman, false, "MEDIAN [95% CI]"}, Median},
      {{"median_seconds", kMachine},
       [](const Entry& e) { return Plain(e.derived.median_seconds); }},
      {{"median_ci_low_seconds", kMachine},
       [](const Entry& e) { return Plain(e.derived.median_ci_low_seconds); }},
      {{"median_ci_high_seconds", kMachine},
       [](const Entry& e) { return Plain(e.derived.median_ci_high_seconds); }},
      {{"compute_seconds", kWide, true, "COMPUTE"},
       [](const Entry& e) { return Number(e.derived.compute_seconds, HumanSeconds); }},
      {{"communication_seconds", kWide, true, "COMMUNICATION"},
       [](const Entry& e) { return Number(e.derived.communication_seconds, HumanSeconds); }},
      {{"overlap_ratio", kWide, true, "OVERLAP"},
       [](const Entry& e) { return Number(e.derived.overlap_ratio, HumanPercent); }},
      {{"straggler_ratio", kWide, true, "STRAGGLER"}, Straggler},
      {{"effective_flops_per_second", kAll, true, "EFFECTIVE"},
       [](const Entry& e) { return Number(e.derived.effective_flops_per_second, HumanFlopRate); }},
      {{"executed_flops_per_second", kAll, true, "EXECUTED"},
       [](const Entry& e) { return Number(e.derived.executed_flops_per_second, HumanFlopRate); }},
      {{"memory_bytes_model", kAll, true, "MEMORY(MODEL)"},
       [](const Entry& e) { return Number(e.derived.memory_bytes_model, HumanBytes); }},
      {{"memory_bytes_measured", kAll, true, "MEMORY(MEASURED)"},
       [](const Entry& e) { return Number(e.derived.memory_bytes_measured, HumanBytes); },
       true},
      {{"wire_bytes", kAll, true, "WIRE"},
       [](const Entry& e) { return Number(e.derived.wire_bytes, HumanBytes); }},
      {{"wire_messages", kWide, true, "MESSAGES"},
       [](const Entry& e) { return Plain(e.derived.wire_messages); }},
      {{"wire_bytes_max_rank", kWide, true, "WIRE/RANK"},
       [](const Entry& e) { return Number(e.derived.wire_bytes_max_rank, HumanBytes); }},
      {{"wire_bound_ratio", kWide, true, "OF BOUND"},
       [](const Entry& e) { return Number(e.derived.wire_bound_ratio, HumanRatio); }},
      {{"roof_fraction", kAll, true, "OF ROOF"}, Roof},
      {{"gemm_roof_fraction", kMachine},
       [](const Entry& e) { return Plain(e.derived.gemm_roof_fraction); }},
      {{"copy_roof_fraction", kMachine},
       [](const Entry& e) { return Plain(e.derived.copy_roof_fraction); }},
      {{"wire_roof_fraction", kWide, true, "OF WIRE ROOF"},
       [](const Entry& e) { return Number(e.derived.wire_roof_fraction, HumanPercent); }},
      {{"energy_joules", kAll, true, "ENERGY"},
       [](const Entry& e) { return Number(e.derived.energy_joules, HumanJoules); },
       true},
  };
}

std::vector<ResultColumn> QualityColumns() {
  constexpr Audience kAll = Audience::kAll, kMachine = Audience::kMachine, kWide = Audience::kWide;
  return {
      {{"expressiveness", kAll, true},
       [](const Entry& e) { return Number(e.derived.expressiveness, HumanPercent); },
       true},
      {{"relative_error", kAll, true, "REL.ERROR"},
       [](const Entry& e) { return Number(e.derived.relative_error, HumanError); }},
      {{"verdict", kAll, false, "VS MATMUL"}, Verdict},
      {{"speedup", kMachine}, [](const Entry& e) { return Plain(e.derived.speedup); }},
      {{"speedup_low", kMachine}, [](const Entry& e) { return Plain(e.derived.speedup_low); }},
      {{"speedup_high", kMachine}, [](const Entry& e) { return Plain(e.derived.speedup_high); }},
      {{"outcome", kAll},
       [](const Entry& e) { return Cell(Json(OutcomeName(e.result->outcome()))); }},
      {{"detail", kWide}, [](const Entry& e) { return Cell(Json(e.result->detail())); }},
      {{"job_id", kMachine}, [](const Entry& e) { return Cell(Json(e.result->job_id())); }},
      {{"method_version", kMachine}, MethodVersion},
  };
}

std::vector<ResultColumn> Joined() {
  std::vector<ResultColumn> all = CaseColumns();
  for (const auto& group : {CostColumns(), QualityColumns()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace

Cell MedianCell(const Derived& d) {
  if (!d.median_seconds) return Cell();
  if (!d.median_ci_low_seconds) return Cell(Json(nullptr), HumanSeconds(*d.median_seconds));
  return Cell(Json(nullptr), HumanInterval(*d.median_seconds, *d.median_ci_low_seconds,
                                           *d.median_ci_high_seconds));
}

const std::vector<ResultColumn>& ResultColumns() {
  static const auto& columns = *new std::vector<ResultColumn>(Joined());
  return columns;
}

}  // namespace basisbench
