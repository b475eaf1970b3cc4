// SPDX-License-Identifier: Apache-2.0
#include "services/cli/result_table.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/derived.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

// A case with what follows from it.
struct Entry {
  const v1::CaseResult* result;
  Derived derived;
};

template <typename T>
Cell Number(const std::optional<T>& value, std::string (*text)(double)) {
  if (!value) return Cell();
  return Cell(Json(*value), text(static_cast<double>(*value)));
}

std::string SectionOf(const v1::Case& c) {
  std::string place = ShapeText(c.shape());
  if (!c.preset().empty())
    place = absl::StrCat(c.preset(), " ", c.site(), "  ", place, "  ", c.phase());
  return absl::StrCat(place, "  ", c.dtype(), " ", c.direction(), " ", c.cache(), "  ", c.ranks(),
                      c.ranks() == 1 ? " rank" : " ranks");
}

// The baseline leads its group; what is ranked follows by time; what is not comes last.
auto OrderKey(const Entry& entry) {
  const int rank = entry.result->case_().baseline() ? 0 : entry.derived.rankable ? 1 : 2;
  return std::make_tuple(rank, rank == 1 ? entry.derived.median_seconds.value_or(0) : 0.0,
                         entry.result->case_().index());
}

// Groups in the order of their first case.
std::vector<Entry> Ordered(const std::vector<v1::CaseResult>& results) {
  std::map<std::string, uint32_t> first;
  std::vector<Entry> entries;
  for (const v1::CaseResult& result : results) {
    const std::string& group = result.case_().comparison_group();
    const auto [it, inserted] = first.insert({group, result.case_().index()});
    if (!inserted) it->second = std::min(it->second, result.case_().index());
    entries.push_back({&result, Derive(result)});
  }
  std::stable_sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    const uint32_t group_a = first[a.result->case_().comparison_group()];
    const uint32_t group_b = first[b.result->case_().comparison_group()];
    return group_a != group_b ? group_a < group_b : OrderKey(a) < OrderKey(b);
  });
  return entries;
}

std::string MedianText(const Derived& d) {
  if (!d.median_seconds) return "";
  if (!d.median_ci_low_seconds) return HumanSeconds(*d.median_seconds);
  return HumanInterval(*d.median_seconds, *d.median_ci_low_seconds, *d.median_ci_high_seconds);
}

std::string VerdictText(const Derived& d) {
  std::string text = d.verdict;
  if (d.speedup) absl::StrAppend(&text, " ", HumanRatio(*d.speedup));
  if (d.speedup_low) {
    absl::StrAppend(&text, " [", HumanRatio(*d.speedup_low), ", ", HumanRatio(*d.speedup_high),
                    "]");
  }
  return text;
}

std::vector<Column> ResultColumns() {
  constexpr Audience kAll = Audience::kAll, kMachine = Audience::kMachine,
                     kHuman = Audience::kHuman, kWide = Audience::kWide;
  return {{"index", kWide, true},
          {"operator", kAll},
          {"sharding", kAll},
          {"grid", kWide},
          {"preset", kMachine},
          {"site", kMachine},
          {"phase", kMachine},
          {"tokens", kMachine},
          {"d_in", kMachine},
          {"d_out", kMachine},
          {"dtype", kMachine},
          {"direction", kMachine},
          {"cache", kMachine},
          {"input", kWide},
          {"ranks", kMachine},
          {"backend", kWide},
          {"comparison_group", kMachine},
          {"samples", kWide, true},
          {"median", kHuman, false, "MEDIAN [95% CI]"},
          {"median_seconds", kMachine},
          {"median_ci_low_seconds", kMachine},
          {"median_ci_high_seconds", kMachine},
          {"effective_flops_per_second", kAll, true, "EFFECTIVE"},
          {"executed_flops_per_second", kAll, true, "EXECUTED"},
          {"memory_bytes_model", kAll, true, "MEMORY(MODEL)"},
          {"wire_bytes", kAll, true, "WIRE"},
          {"roof_fraction", kAll, true, "OF ROOF"},
          {"gemm_roof_fraction", kMachine},
          {"copy_roof_fraction", kMachine},
          {"relative_error", kAll, true, "REL.ERROR"},
          {"verdict", kAll, false, "VS MATMUL"},
          {"speedup", kMachine},
          {"speedup_low", kMachine},
          {"speedup_high", kMachine},
          {"outcome", kAll},
          {"detail", kWide}};
}

Row ResultRow(const Entry& entry) {
  const v1::CaseResult& r = *entry.result;
  const v1::Case& c = r.case_();
  const Derived& d = entry.derived;
  auto machine = [](const std::optional<double>& v) { return v ? Cell(Json(*v)) : Cell(); };
  const Cell samples = r.timing().has_seconds() ? Cell(Json(r.timing().seconds().count())) : Cell();
  std::string roof = d.roof_fraction ? HumanPercent(*d.roof_fraction) + " " + d.roof : "";
  return {{Json(c.index()),
           Json(OperatorText(c.operator_())),
           Json(c.sharding()),
           Json(c.grid()),
           Json(c.preset()),
           Json(c.site()),
           Json(c.phase()),
           Json(c.shape().tokens()),
           Json(c.shape().d_in()),
           Json(c.shape().d_out()),
           Json(c.dtype()),
           Json(c.direction()),
           Json(c.cache()),
           Json(c.input()),
           Json(c.ranks()),
           Json(c.backend()),
           Json(c.comparison_group()),
           samples,
           Cell(Json(nullptr), MedianText(d)),
           machine(d.median_seconds),
           machine(d.median_ci_low_seconds),
           machine(d.median_ci_high_seconds),
           Number(d.effective_flops_per_second, HumanFlopRate),
           Number(d.executed_flops_per_second, HumanFlopRate),
           Number(d.memory_bytes_model, HumanBytes),
           Number(d.wire_bytes, HumanBytes),
           Cell(machine(d.roof_fraction).value, roof),
           machine(d.gemm_roof_fraction),
           machine(d.copy_roof_fraction),
           Number(d.relative_error, HumanError),
           Cell(Json(d.verdict), VerdictText(d)),
           machine(d.speedup),
           machine(d.speedup_low),
           machine(d.speedup_high),
           Json(OutcomeName(r.outcome())),
           Json(r.detail())},
          SectionOf(c)};
}

}  // namespace

Table ResultTable(const std::vector<v1::CaseResult>& results) {
  Table table{.columns = ResultColumns(),
              .rows = {},
              .empty = "no case has a record yet",
              .name_column = 1};
  for (const Entry& entry : Ordered(results)) table.rows.push_back(ResultRow(entry));
  return table;
}

std::vector<std::string> ConditionLines(const std::vector<v1::CaseResult>& results) {
  std::set<std::string> machines, roofs;
  for (const v1::CaseResult& result : results) {
    if (!result.has_timing()) continue;
    std::set<std::string> workers, models;
    double load = 0;
    for (const v1::NodeConditions& node : result.environment().nodes()) {
      workers.insert(node.worker());
      models.insert(node.cpu_model());
      load = std::max(load, node.load_average());
    }
    machines.insert(absl::StrCat(absl::StrJoin(workers, ", "), ": ", absl::StrJoin(models, ", "),
                                 ", ", result.case_().backend(), ", method ",
                                 result.environment().method_version()));
    const v1::Roofs& r = result.roofs();
    std::string line = absl::StrCat(result.case_().ranks(), " x ", result.case_().dtype(),
                                    ": GEMM ", HumanFlopRate(r.gemm_flops_per_second()), ", copy ",
                                    HumanByteRate(r.copy_bytes_per_second()));
    if (r.has_wire_bytes_per_second()) {
      absl::StrAppend(&line, ", wire ", HumanByteRate(r.wire_bytes_per_second()));
    }
    if (r.has_wire_latency_seconds()) {
      absl::StrAppend(&line, " at ", HumanSeconds(r.wire_latency_seconds()));
    }
    if (r.gemm_flops_per_second() > 0) roofs.insert(line);
  }
  std::vector<std::string> lines;
  for (const std::string& machine : machines)
    lines.push_back(absl::StrCat("measured on ", machine));
  for (const std::string& roof : roofs) lines.push_back(absl::StrCat("roofs ", roof));
  return lines;
}

}  // namespace basisbench
