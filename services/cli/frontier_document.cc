// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/cli/frontier_tables.h"
#include "services/cli/frontier_text.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

template <typename T>
void Put(Json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}

Json IntervalJson(const Interval& interval) {
  Json json = {{"value", interval.value}};
  Put(json, "low", interval.low);
  Put(json, "high", interval.high);
  return json;
}

Json Costs(const FrontierPoint& point) {
  Json costs = Json::object();
  for (size_t a = 0; a < kAxes.size(); ++a) {
    if (point.cost[a]) costs[AxisNames()[a]] = IntervalJson(*point.cost[a]);
  }
  return costs;
}

Json Standings(const FrontierPoint& point) {
  Json standings = Json::object();
  for (size_t a = 0; a < kAxes.size(); ++a) {
    if (!point.cost[a]) continue;
    standings[AxisNames()[a]] = {{"arbitrary", StandingName(point.standing[a][0])},
                                 {"fast", StandingName(point.standing[a][1])}};
  }
  return standings;
}

void PutDerived(Json& json, const FrontierPoint& point) {
  const Derived& d = point.derived;
  Put(json, "captured_arbitrary", point.gain[0]);
  Put(json, "captured_fast", point.gain[1]);
  if (point.score_n > 0) json["score_n"] = point.score_n;
  const std::string& note = point.record->expressiveness().note();
  if (!point.gain[0] && !note.empty()) json["score_note"] = note;
  Put(json, "speedup", d.speedup);
  Put(json, "speedup_low", d.speedup_low);
  Put(json, "speedup_high", d.speedup_high);
  Put(json, "relative_error", d.relative_error);
  Put(json, "executed_flops_per_second", d.executed_flops_per_second);
  const v1::Cost& cost = point.record->cost();
  if (d.executed_flops_per_second && cost.bytes_min() > 0) {
    json["flops_per_byte"] = cost.flops_executed() / cost.bytes_min();
  }
}

Json PointJson(const FrontierPoint& point) {
  const v1::CaseResult& r = *point.record;
  const v1::Case& c = r.case_();
  Json json = {{"job", r.job_id()},
               {"index", c.index()},
               {"group", point.group},
               {"operator", OperatorText(c.operator_())},
               {"name", c.operator_().name()},
               {"series", point.series},
               {"sharding", c.sharding()},
               {"shape", ShapeText(c.shape())},
               {"tokens", c.shape().tokens()},
               {"d_in", c.shape().d_in()},
               {"d_out", c.shape().d_out()},
               {"dtype", c.dtype()},
               {"ranks", c.ranks()},
               {"baseline", c.baseline()},
               {"outcome", OutcomeName(r.outcome())},
               {"excluded", point.excluded},
               {"verdict", point.derived.verdict},
               {"samples", r.timing().seconds().count()},
               {"rounds", r.comparison().rounds()},
               {"cost", Costs(point)},
               {"standing", Standings(point)},
               {"reproduce", r.reproduce()}};
  PutDerived(json, point);
  return json;
}

// Roofs differ a little between attempts; a chart draws each it is given.
Json RoofsOf(const Frontier& frontier, const FrontierGroup& group) {
  std::set<std::pair<double, double>> seen;
  Json roofs = Json::array();
  for (const size_t i : group.points) {
    const v1::Roofs& r = frontier.points[i].record->roofs();
    const bool known = r.gemm_flops_per_second() > 0 && r.copy_bytes_per_second() > 0;
    if (!known) continue;
    if (!seen.insert({r.gemm_flops_per_second(), r.copy_bytes_per_second()}).second) continue;
    Json json = {{"gemm_flops_per_second", r.gemm_flops_per_second()},
                 {"copy_bytes_per_second", r.copy_bytes_per_second()}};
    if (r.has_wire_bytes_per_second()) json["wire_bytes_per_second"] = r.wire_bytes_per_second();
    if (r.has_wire_latency_seconds()) json["wire_latency_seconds"] = r.wire_latency_seconds();
    roofs.push_back(std::move(json));
  }
  return roofs;
}

Json GroupJson(const Frontier& frontier, const FrontierGroup& group) {
  Json json = {{"label", group.label},
               {"place", group.place},
               {"tokens", group.shape.tokens()},
               {"d_in", group.shape.d_in()},
               {"d_out", group.shape.d_out()},
               {"mixes_tokens", group.mixes_tokens},
               {"dtype", group.dtype},
               {"ranks", group.ranks},
               {"dense", group.dense},
               {"memory_basis", group.memory_basis},
               {"bound_applies", group.bound_applies},
               {"points", group.points},
               {"roofs", RoofsOf(frontier, group)}};
  Put(json, "baseline", group.baseline);
  Put(json, "speedup_bound", group.bound);
  return json;
}

Json CrossoverJson(const FrontierCrossover& found) {
  const Crossover& c = found.crossover;
  Json json = {{"series", found.series},
               {"sharding", found.sharding},
               {"dtype", found.dtype},
               {"ranks", found.ranks},
               {"mixes_tokens", found.mixes_tokens},
               {"conditions", found.conditions},
               {"along", found.along},
               {"fixed", found.fixed},
               {"kind", CrossoverKindName(c.kind)},
               {"has_interval", c.has_interval},
               {"smallest", c.smallest},
               {"largest", c.largest},
               {"changes", c.changes},
               {"text", CrossoverText(found)},
               {"points", found.points}};
  Put(json, "at", c.at);
  Put(json, "low", c.low);
  Put(json, "high", c.high);
  return json;
}

Json ScalingJson(const FrontierScaling& row) {
  Json json = {{"point", row.point},
               {"baseline", row.baseline},
               {"flops_saved", row.flops_saved},
               {"wire_bytes_added", row.wire_bytes_added},
               {"seconds_saved", row.seconds_saved}};
  Put(json, "compute_seconds_saved", row.compute_seconds_saved);
  Put(json, "communication_seconds_added", row.communication_seconds_added);
  return json;
}

Json ErrorJson(const FrontierError& row) {
  return {{"series", row.series},     {"dtype", row.dtype},   {"records", row.count},
          {"smallest", row.smallest}, {"median", row.median}, {"largest", row.largest},
          {"worst", row.worst}};
}

// What the records agree on is said once; each set holds every value met.
Json Conditions(const Frontier& frontier) {
  std::map<std::string, std::set<std::string>> seen;
  std::string first, last;
  for (const FrontierPoint& point : frontier.points) {
    const v1::CaseResult& r = *point.record;
    const v1::Environment& e = r.environment();
    seen["jobs"].insert(r.job_id());
    if (!r.has_environment()) continue;
    seen["method versions"].insert(absl::StrCat(e.method_version()));
    seen["builds"].insert(e.build());
    for (const v1::NodeConditions& node : e.nodes()) {
      seen["machines"].insert(node.cpu_model());
      seen["hosts"].insert(node.hostname());
      seen["governors"].insert(node.governor());
    }
    for (const auto& [name, version] : e.libraries()) seen[name].insert(version);
    if (!r.has_start_time()) continue;
    const std::string start = IsoTime(r.start_time()), end = IsoTime(r.end_time());
    if (first.empty() || start < first) first = start;
    if (end > last) last = end;
  }
  Json conditions = Json::object();
  for (const auto& [what, values] : seen) conditions[what] = values;
  if (!first.empty()) conditions["measured"] = {absl::StrCat(first, " to ", last)};
  return conditions;
}

template <typename T, typename F>
Json List(const std::vector<T>& items, F json_of) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(json_of(item));
  return list;
}

}  // namespace

Json FrontierDocument(const Frontier& frontier) {
  Json document = {{"answer", FrontierAnswer(frontier)},
                   {"warnings", frontier.warnings},
                   {"conditions", Conditions(frontier)}};
  Put(document, "headline", frontier.headline);
  document["groups"] =
      List(frontier.groups, [&](const FrontierGroup& group) { return GroupJson(frontier, group); });
  document["points"] = List(frontier.points, PointJson);
  document["crossovers"] = List(frontier.crossovers, CrossoverJson);
  document["scaling"] = List(frontier.scaling, ScalingJson);
  document["errors"] = List(frontier.errors, ErrorJson);
  return document;
}

}  // namespace basisbench
