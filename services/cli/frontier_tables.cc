// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier_tables.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/cli/frontier_text.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

Cell Number(const std::optional<double>& value, std::string (*text)(double)) {
  return value ? Cell(Json(*value), text(*value)) : Cell();
}

Cell Plain(const std::optional<double>& value) { return value ? Cell(Json(*value)) : Cell(); }

std::string StandingText(Standing standing) {
  switch (standing) {
    case Standing::kFront:
      return "on the front";
    case Standing::kWithinNoise:
      return "within noise";
    case Standing::kDominated:
      return "beaten";
    case Standing::kAbsent:
      break;
  }
  return "-";
}

Cell CostCell(Axis axis, const std::optional<Interval>& cost) {
  if (!cost) return Cell();
  std::string text = CostText(axis, cost->value);
  const bool spread = cost->low && cost->high && *cost->low != *cost->high;
  if (spread) {
    absl::StrAppend(&text, " [", CostText(axis, *cost->low), ", ", CostText(axis, *cost->high),
                    "]");
  }
  return Cell(Json(cost->value), text);
}

std::vector<Column> FrontColumns(Axis axis) {
  constexpr Audience kAll = Audience::kAll, kMachine = Audience::kMachine, kWide = Audience::kWide;
  std::vector<Column> columns = {
      {"operator"}, {"sharding"}, {"group", kMachine}, {"ranks", kMachine}, {"dtype", kMachine}};
  for (size_t a = 0; a < kAxes.size(); ++a) {
    static const char* const kKeys[] = {"median_seconds", "flops_executed", "memory_bytes",
                                        "wire_bytes", "energy_joules"};
    const bool shown = kAxes[a] == axis;
    columns.push_back({kKeys[a], shown ? kAll : kWide, true,
                       absl::AsciiStrToUpper(AxisNames()[a]) + (shown ? " [95% CI]" : "")});
  }
  for (const Column& column : std::vector<Column>{{"captured_arbitrary", kAll, true, "ARBITRARY"},
                                                  {"captured_fast", kAll, true, "FAST"},
                                                  {"score_n", kWide, true, "SCORED AT N"},
                                                  {"standing", kAll, false, "FRONT"},
                                                  {"standing_fast", kWide, false, "FRONT (FAST)"},
                                                  {"speedup", kAll, true, "VS MATMUL"},
                                                  {"speedup_low", kMachine, true},
                                                  {"speedup_high", kMachine, true},
                                                  {"speedup_bound", kAll, true, "BOUND"},
                                                  {"bound_applies", kMachine},
                                                  {"relative_error", kWide, true, "REL.ERROR"},
                                                  {"excluded", kMachine},
                                                  {"job_id", kMachine},
                                                  {"index", kWide, true, "CASE"}}) {
    columns.push_back(column);
  }
  return columns;
}

Cell SpeedupCell(const Derived& d) {
  if (!d.speedup) return Cell(Json(nullptr), d.verdict == "BASELINE" ? "baseline" : "");
  std::string text = HumanRatio(*d.speedup);
  if (d.speedup_low && d.speedup_high) {
    absl::StrAppend(&text, " [", HumanRatio(*d.speedup_low), ", ", HumanRatio(*d.speedup_high),
                    "]");
  }
  return Cell(Json(*d.speedup), text);
}

Row FrontRow(const Frontier& frontier, const FrontierPoint& point, size_t axis) {
  const v1::Case& c = point.record->case_();
  const FrontierGroup& group = frontier.groups[point.group];
  const Derived& d = point.derived;
  Row row{{Json(OperatorText(c.operator_())), Json(c.sharding()), Json(group.label),
           Json(c.ranks()), Json(c.dtype())},
          group.label};
  for (size_t a = 0; a < kAxes.size(); ++a) {
    row.cells.push_back(CostCell(kAxes[a], point.cost[a]));
  }
  const bool bounded = group.bound && d.verdict != "BASELINE";
  const std::string bound_text = bounded && !group.bound_applies ? "memory-bound" : "";
  for (Cell cell : std::vector<Cell>{
           Number(point.gain[0], HumanPercent), Number(point.gain[1], HumanPercent),
           point.score_n > 0 ? Cell(Json(point.score_n)) : Cell(),
           Cell(Json(StandingName(point.standing[axis][0])), StandingText(point.standing[axis][0])),
           Cell(Json(StandingName(point.standing[axis][1])), StandingText(point.standing[axis][1])),
           SpeedupCell(d), Plain(d.speedup_low), Plain(d.speedup_high),
           bounded ? Cell(Json(*group.bound),
                          bound_text.empty() ? HumanRatio(*group.bound) : bound_text)
                   : Cell(),
           Json(group.bound_applies), Number(d.relative_error, HumanError), Json(point.excluded),
           Json(point.record->job_id()), Json(c.index())}) {
    row.cells.push_back(std::move(cell));
  }
  return row;
}

std::string Where(const FrontierCrossover& found) {
  return absl::StrCat(found.along == "n" ? "tokens = " : "n = ", found.fixed,
                      found.mixes_tokens ? " over tokens, " : ", ", found.dtype, ", ", found.ranks,
                      found.ranks == 1 ? " rank" : " ranks");
}

}  // namespace

Table FrontTable(const Frontier& frontier, Axis axis, bool everything) {
  const auto a = static_cast<size_t>(axis);
  Table table{.columns = FrontColumns(axis), .rows = {}, .empty = "no record can be ranked"};
  for (const FrontierGroup& group : frontier.groups) {
    std::vector<size_t> order;
    const bool first = frontier.headline && &group == &frontier.groups[*frontier.headline];
    const bool any_gain = std::any_of(group.points.begin(), group.points.end(), [&](size_t i) {
      return frontier.points[i].standing[a][0] != Standing::kAbsent;
    });
    for (const size_t i : group.points) {
      const FrontierPoint& point = frontier.points[i];
      const Standing standing = point.standing[a][0];
      const bool unbeaten = standing == Standing::kFront || standing == Standing::kWithinNoise;
      const bool shown = point.excluded.empty() && (unbeaten || (first && !any_gain));
      if (everything || shown) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) {
      const auto& p = frontier.points[x].cost[a];
      const auto& q = frontier.points[y].cost[a];
      if (!p || !q) return p.has_value() && !q.has_value();
      return p->value < q->value;
    });
    for (const size_t i : order) {
      table.rows.push_back(FrontRow(frontier, frontier.points[i], a));
    }
  }
  return table;
}

Table CrossoverTable(const Frontier& frontier) {
  Table table{.columns = {{"operator"}, {"sharding"}, {"where"}, {"crossover"}},
              .rows = {},
              .empty = "no operator was measured at two sizes"};
  for (const FrontierCrossover& found : frontier.crossovers) {
    table.rows.push_back(
        {{Json(found.series), Json(found.sharding), Json(Where(found)), Json(CrossoverText(found))},
         absl::StrCat("Crossover along ", found.along)});
  }
  return table;
}

Table ScalingTable(const Frontier& frontier) {
  Table table{
      .columns = {{"operator"},
                  {"sharding"},
                  {"flops_saved", Audience::kAll, true, "FLOPS SAVED"},
                  {"wire_bytes_added", Audience::kAll, true, "WIRE ADDED"},
                  {"compute_seconds_saved", Audience::kAll, true, "ARITHMETIC SAVED"},
                  {"communication_seconds_added", Audience::kAll, true, "COMMUNICATION ADDED"},
                  {"seconds_saved", Audience::kAll, true, "SAVED IN ALL"}},
      .rows = {},
      .empty = "no record of several ranks beside a MatMul"};
  for (const FrontierScaling& row : frontier.scaling) {
    const FrontierPoint& point = frontier.points[row.point];
    const v1::Case& c = point.record->case_();
    if (c.ranks() < 2) continue;
    const auto signed_text = [](double value, std::string text) {
      return Cell(Json(value), (value < 0 ? "-" : "") + std::move(text));
    };
    const auto seconds = [&](const std::optional<double>& value) {
      return value ? signed_text(*value, HumanSeconds(std::abs(*value))) : Cell();
    };
    table.rows.push_back(
        {{Json(OperatorText(c.operator_())), Json(c.sharding()),
          signed_text(row.flops_saved, CostText(Axis::kFlops, std::abs(row.flops_saved))),
          signed_text(row.wire_bytes_added, HumanBytes(std::abs(row.wire_bytes_added))),
          seconds(row.compute_seconds_saved), seconds(row.communication_seconds_added),
          seconds(row.seconds_saved)},
         frontier.groups[point.group].label});
  }
  return table;
}

Table ErrorTable(const Frontier& frontier) {
  Table table{.columns = {{"operator"},
                          {"dtype"},
                          {"records", Audience::kAll, true},
                          {"smallest", Audience::kAll, true},
                          {"median", Audience::kAll, true},
                          {"largest", Audience::kAll, true}},
              .rows = {},
              .empty = "no record was validated"};
  for (const FrontierError& row : frontier.errors) {
    table.rows.push_back({{Json(row.series), Json(row.dtype), Json(row.count),
                           Cell(Json(row.smallest), HumanError(row.smallest)),
                           Cell(Json(row.median), HumanError(row.median)),
                           Cell(Json(row.largest), HumanError(row.largest))},
                          ""});
  }
  return table;
}

Table ExcludedTable(const Frontier& frontier) {
  Table table{.columns = {{"job_id", Audience::kAll, false, "JOB"},
                          {"index", Audience::kAll, true, "CASE"},
                          {"operator"},
                          {"group"},
                          {"reason"}},
              .rows = {},
              .empty = ""};
  for (const FrontierPoint& point : frontier.points) {
    if (point.excluded.empty()) continue;
    const v1::Case& c = point.record->case_();
    table.rows.push_back(
        {{Json(point.record->job_id()), Json(c.index()), Json(OperatorText(c.operator_())),
          Json(frontier.groups[point.group].label), Json(point.excluded)},
         ""});
  }
  return table;
}

}  // namespace basisbench
