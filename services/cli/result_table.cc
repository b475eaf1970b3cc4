// SPDX-License-Identifier: Apache-2.0
#include "services/cli/result_table.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/result_columns.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

using Entry = ResultEntry;

constexpr size_t kOperatorColumn = 1;

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

}  // namespace

Table ResultTable(const std::vector<v1::CaseResult>& results) {
  Table table{.columns = {},
              .rows = {},
              .empty = "no case has a record yet",
              .name_column = kOperatorColumn};
  const std::vector<Entry> entries = Ordered(results);
  for (const Entry& entry : entries) table.rows.push_back({{}, SectionOf(entry.result->case_())});
  for (const ResultColumn& source : ResultColumns()) {
    Column column = source.column;
    bool measured = false;
    for (size_t i = 0; i < entries.size(); ++i) {
      table.rows[i].cells.push_back(source.cell(entries[i]));
      measured = measured || !table.rows[i].cells.back().value.is_null();
    }
    if (source.where_measured && !measured) column.audience = Audience::kMachine;
    table.columns.push_back(column);
  }
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
