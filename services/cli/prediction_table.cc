// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_table.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

struct Entry {
  const PredictedCase& asked;
  const PredictionFit& fit;
  const std::vector<std::string>& refusals;
};

struct PredictionColumn {
  Column column;
  Cell (*cell)(const Entry&);
};

Cell Number(const std::optional<double>& value, std::string (*text)(double)) {
  return value ? Cell(Json(*value), text(*value)) : Cell();
}

// A figure of a prediction; empty where there is none.
Cell Figure(const Entry& e, double (*of)(const Prediction&), std::string (*text)(double)) {
  return e.asked.prediction ? Number(of(*e.asked.prediction), text) : Cell();
}

std::string NameOf(const PredictedCase& asked) {
  const v1::Case& c = asked.item;
  return absl::StrCat(kPredictionMark, " ", OperatorText(c.operator_()), " ", ShapeText(c.shape()),
                      " ", c.dtype(), " ", c.sharding(), " ", c.ranks());
}

Cell Predicted(const Entry& e) {
  if (!e.asked.prediction) return Cell();
  const Prediction& p = *e.asked.prediction;
  return Cell(Json(nullptr), HumanInterval(p.seconds, p.low, p.high));
}

Cell Network(const Entry& e) {
  if (!e.asked.prediction) return Cell();
  const Prediction& p = *e.asked.prediction;
  if (!p.communicates) return Cell(Json("not used"));
  if (p.link_given) return Cell(Json(kGivenNetwork));
  return Cell(Json(absl::StrCat("fitted on ", LevelName(e.asked.load.level))));
}

Cell HeldOutError(const Entry& e) {
  if (!e.asked.prediction || !e.asked.prediction->largest_ranks) return Cell();
  const double error = e.asked.prediction->largest_ranks->median_error;
  return Cell(Json(error), absl::StrCat(HumanPercent(error), " at ", e.fit.most_ranks()));
}

Cell Speedup(const Entry& e) {
  if (!e.asked.speedup) return Cell();
  return Cell(Json(*e.asked.speedup),
              absl::StrCat(HumanRatio(*e.asked.speedup), " [", HumanRatio(*e.asked.speedup_low),
                           ", ", HumanRatio(*e.asked.speedup_high), "]"));
}

Cell Notes(const Entry& e) {
  if (!e.asked.prediction) {
    const auto place = std::find(e.refusals.begin(), e.refusals.end(), e.asked.refusal);
    return Cell(Json(e.asked.refusal),
                absl::StrCat("refused, see (", place - e.refusals.begin() + 1, ")"));
  }
  return Cell(Json(absl::StrJoin(e.asked.prediction->notes, "; ")));
}

std::vector<PredictionColumn> CaseColumns() {
  constexpr Audience kAll = Audience::kAll, kMachine = Audience::kMachine;
  return {
      {{"kind", kAll}, [](const Entry&) { return Cell(Json(kPredictionMark)); }},
      {{"name", kMachine}, [](const Entry& e) { return Cell(Json(NameOf(e.asked))); }},
      {{"operator", kAll},
       [](const Entry& e) { return Cell(Json(OperatorText(e.asked.item.operator_()))); }},
      {{"sharding", kAll}, [](const Entry& e) { return Cell(Json(e.asked.item.sharding())); }},
      {{"grid", kMachine}, [](const Entry& e) { return Cell(Json(e.asked.item.grid())); }},
      {{"site", kMachine}, [](const Entry& e) { return Cell(Json(e.asked.item.site())); }},
      {{"shape", kAll}, [](const Entry& e) { return Cell(Json(ShapeText(e.asked.item.shape()))); }},
      {{"dtype", kAll}, [](const Entry& e) { return Cell(Json(e.asked.item.dtype())); }},
      {{"direction", kMachine},
       [](const Entry& e) { return Cell(Json(e.asked.item.direction())); }},
      {{"cache", kMachine}, [](const Entry& e) { return Cell(Json(e.asked.item.cache())); }},
      {{"ranks", kAll, true}, [](const Entry& e) { return Cell(Json(e.asked.item.ranks())); }},
  };
}

std::vector<PredictionColumn> TimeColumns() {
  constexpr Audience kAll = Audience::kAll, kMachine = Audience::kMachine, kWide = Audience::kWide;
  return {
      {{"predicted", Audience::kHuman, false, "PREDICTED [INTERVAL]"}, Predicted},
      {{"predicted_seconds", kMachine},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.seconds; }, HumanSeconds);
       }},
      {{"predicted_low_seconds", kMachine},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.low; }, HumanSeconds);
       }},
      {{"predicted_high_seconds", kMachine},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.high; }, HumanSeconds);
       }},
      {{"predicted_compute_seconds", kWide, true, "COMPUTE"},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.terms.compute; }, HumanSeconds);
       }},
      {{"predicted_memory_seconds", kWide, true, "MEMORY"},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.terms.memory; }, HumanSeconds);
       }},
      {{"predicted_latency_seconds", kWide, true, "LATENCY"},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.terms.latency; }, HumanSeconds);
       }},
      {{"predicted_transfer_seconds", kWide, true, "TRANSFER"},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.terms.transfer; }, HumanSeconds);
       }},
      {{"predicted_speedup", kAll, true, "PREDICTED VS MATMUL"}, Speedup},
      {{"predicted_speedup_low", kMachine},
       [](const Entry& e) { return Number(e.asked.speedup_low, HumanRatio); }},
      {{"predicted_speedup_high", kMachine},
       [](const Entry& e) { return Number(e.asked.speedup_high, HumanRatio); }},
  };
}

std::vector<PredictionColumn> ErrorColumns() {
  constexpr Audience kAll = Audience::kAll, kMachine = Audience::kMachine, kWide = Audience::kWide;
  return {
      {{"interval_coverage", kWide, true, "COVERS"},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.coverage; }, HumanPercent);
       }},
      {{"leave_one_out_error", kAll, true, "LEAVE-ONE-OUT"},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.leave_one_out.median_error; }, HumanPercent);
       }},
      {{"leave_one_out_largest_error", kAll, true, "LARGEST"},
       [](const Entry& e) {
         return Figure(
             e, [](const Prediction& p) { return p.leave_one_out.largest_error; }, HumanPercent);
       }},
      {{"leave_one_out_cases", kWide, true, "CASES"},
       [](const Entry& e) {
         return e.asked.prediction ? Cell(Json(e.asked.prediction->leave_one_out.ratios.size()))
                                   : Cell();
       }},
      {{"largest_ranks_error", kAll, true, "HELD-OUT RANKS"}, HeldOutError},
      {{"fitted_ranks_max", kMachine},
       [](const Entry& e) { return Cell(Json(e.fit.most_ranks())); }},
      {{"network", kAll}, Network},
      {{"note", kAll}, Notes},
  };
}

std::string SectionOf(const v1::Case& c) {
  return absl::StrCat(kPredictionMark, "  ", c.preset(), c.preset().empty() ? "" : " ", c.site(),
                      c.site().empty() ? "" : "  ", ShapeText(c.shape()), "  ", c.dtype(), " ",
                      c.direction(), " ", c.cache(), "  ", c.ranks(),
                      c.ranks() == 1 ? " rank" : " ranks");
}

std::string ErrorText(const HeldOut& held) {
  return absl::StrCat(HumanPercent(held.median_error), " (largest ",
                      HumanPercent(held.largest_error), ") over ", held.ratios.size(), " records");
}

// A rate that took no time has none.
std::string RateOf(double seconds_each, std::string (*text)(double)) {
  return seconds_each > 0 ? text(1 / seconds_each) : "no cost seen";
}

}  // namespace

void CompareWithBaselines(std::vector<PredictedCase>& cases) {
  std::map<std::pair<std::string, uint32_t>, Prediction> baselines;
  const auto place = [](const PredictedCase& asked) {
    return std::make_pair(asked.item.comparison_group(), asked.item.ranks());
  };
  for (const PredictedCase& asked : cases) {
    if (asked.item.baseline() && asked.prediction) baselines[place(asked)] = *asked.prediction;
  }
  for (PredictedCase& asked : cases) {
    const auto found = baselines.find(place(asked));
    if (asked.item.baseline() || !asked.prediction || found == baselines.end()) continue;
    const Prediction& own = *asked.prediction;
    asked.speedup = found->second.seconds / own.seconds;
    asked.speedup_low = found->second.low / own.high;
    asked.speedup_high = found->second.high / own.low;
  }
}

std::vector<std::string> Refusals(absl::Span<const PredictedCase> cases) {
  std::vector<std::string> refusals;
  for (const PredictedCase& asked : cases) {
    const bool known = std::find(refusals.begin(), refusals.end(), asked.refusal) != refusals.end();
    if (!asked.prediction && !known) refusals.push_back(asked.refusal);
  }
  return refusals;
}

Table PredictionTable(absl::Span<const PredictedCase> cases, const PredictionFit& fit) {
  constexpr size_t kName = 1;
  Table table{.columns = {}, .rows = {}, .empty = "nothing was asked for", .name_column = kName};
  for (const PredictedCase& asked : cases) table.rows.push_back({{}, SectionOf(asked.item)});
  const std::vector<std::string> refusals = Refusals(cases);
  for (const auto& group : {CaseColumns(), TimeColumns(), ErrorColumns()}) {
    for (const PredictionColumn& source : group) {
      table.columns.push_back(source.column);
      for (size_t i = 0; i < cases.size(); ++i) {
        table.rows[i].cells.push_back(source.cell({cases[i], fit, refusals}));
      }
    }
  }
  return table;
}

std::vector<std::string> FitLines(const PredictionFit& fit) {
  std::vector<std::string> lines;
  for (const auto& [level, link] : fit.model().links) {
    lines.push_back(absl::StrCat("fitted on ", LevelName(level), ": alpha ",
                                 HumanSeconds(link.seconds_per_message), " a message, beta ",
                                 RateOf(link.seconds_per_byte, HumanByteRate)));
  }
  for (const auto& [kernel, cost] : fit.model().kernels) {
    std::string line = absl::StrCat("fitted for ", kernel, ": gamma ",
                                    RateOf(cost.seconds_per_flop, HumanFlopRate), " a rank, mu ",
                                    absl::StrFormat("%.3g", cost.memory_factor));
    const auto left_out = fit.leave_one_out().find(kernel);
    if (left_out != fit.leave_one_out().end()) {
      absl::StrAppend(&line, "; leave-one-out error ", ErrorText(left_out->second));
    }
    const auto largest = fit.largest_ranks().find(kernel);
    if (largest != fit.largest_ranks().end()) {
      absl::StrAppend(&line, "; ", fit.most_ranks(), " ranks predicted from fewer: error ",
                      ErrorText(largest->second));
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace basisbench
