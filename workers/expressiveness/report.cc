// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/report.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "workers/expressiveness/text_table.h"

namespace basisbench {
namespace {

std::string Share(double value) { return absl::StrFormat("%.5f", value); }
std::string Share(const std::optional<double>& value) { return value ? Share(*value) : "-"; }
std::string Gain(const std::optional<double>& value) {
  return value ? absl::StrFormat("%.3g", *value) : "-";
}

double ParameterShare(const FamilyInfo& family) {
  const double n = static_cast<double>(family.request.n);
  return static_cast<double>(family.parameters) / (n * n);
}

bool HasCanon(absl::Span<const ReportRow> rows) {
  return std::any_of(rows.begin(), rows.end(), [](const ReportRow& row) {
    return row.score.has_value() && !row.score->targets.empty() &&
           row.score->targets.front().captured_canon.has_value();
  });
}
bool HasBudgets(absl::Span<const ReportRow> rows) {
  return std::any_of(rows.begin(), rows.end(),
                     [](const ReportRow& row) { return row.budget.has_value(); });
}

std::string BudgetText(const ReportRow& row) {
  if (!row.budget.has_value()) return "-";
  return absl::StrCat(row.budget->kind == BudgetKind::kFlops ? "flops" : "params",
                      " <= ", row.budget->name);
}

// The columns every row has, by the first row with a score.
Cells Header(absl::Span<const ReportRow> rows) {
  Cells out = {"n"};
  if (HasBudgets(rows)) out.push_back("budget");
  for (const char* name : {"family", "method", "params/n^2", "flops", "dof"}) out.push_back(name);
  const auto scored = std::find_if(rows.begin(), rows.end(),
                                   [](const ReportRow& row) { return row.score.has_value(); });
  if (scored != rows.end()) {
    for (const TargetFit& fit : scored->score->targets) {
      out.push_back(fit.target);
      if (HasCanon(rows)) out.insert(out.end(), {fit.target + " canon", "orders"});
    }
  }
  for (const char* name : {"mean", "arb", "fast", "gain/param", "gain/flop"}) out.push_back(name);
  return out;
}

Cells CellsOf(const ReportRow& row, bool budgets, bool canon, size_t columns) {
  Cells out = {absl::StrCat(row.n)};
  if (budgets) out.push_back(BudgetText(row));
  if (!row.score.has_value()) {
    out.push_back(row.family);
    out.push_back("none fits");
    out.resize(columns, "-");
    return out;
  }
  const Score& score = *row.score;
  const auto& dof = score.family.degrees_of_freedom;
  out.insert(out.end(),
             {score.family.text, score.family.method, Share(ParameterShare(score.family)),
              Share(score.family.flops_fraction), dof ? absl::StrCat(*dof) : "-"});
  for (const TargetFit& fit : score.targets) {
    out.push_back(Share(fit.captured));
    if (canon) out.insert(out.end(), {Share(fit.captured_canon), fit.canon_orders});
  }
  out.insert(out.end(), {Share(score.mean), Share(score.arbitrary), Share(score.fast),
                         Gain(score.gain_per_parameter), Gain(score.gain_per_flop)});
  return out;
}

nlohmann::json OrNull(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

nlohmann::json TargetJson(const TargetFit& fit) {
  nlohmann::json out = {{"target", fit.target}, {"captured", fit.captured}};
  if (fit.captured_canon.has_value()) {
    out["captured_canon"] = *fit.captured_canon;
    out["canon_orders"] = fit.canon_orders;
  }
  return out;
}

nlohmann::json RowJson(const ReportRow& row) {
  nlohmann::json out = {{"n", row.n}, {"family", row.family}};
  if (row.budget.has_value())
    out["budget"] = {{"of", row.budget->kind == BudgetKind::kFlops ? "flops" : "parameters"},
                     {"name", row.budget->name},
                     {"share", row.budget->share}};
  if (!row.score.has_value()) return out;
  const Score& score = *row.score;
  out["family"] = score.family.text;
  out["method"] = score.family.method;
  out["parameters"] = score.family.parameters;
  if (score.family.degrees_of_freedom.has_value())
    out["degrees_of_freedom"] = *score.family.degrees_of_freedom;
  out["flops_fraction"] = score.family.flops_fraction;
  for (const TargetFit& fit : score.targets) out["targets"].push_back(TargetJson(fit));
  out["mean"] = OrNull(score.mean);
  out["arbitrary"] = OrNull(score.arbitrary);
  out["fast"] = OrNull(score.fast);
  out["gain_per_parameter"] = OrNull(score.gain_per_parameter);
  out["gain_per_flop"] = OrNull(score.gain_per_flop);
  return out;
}

std::string PrintJson(absl::Span<const ReportRow> rows) {
  nlohmann::json out = {{"scores", nlohmann::json::array()}};
  for (const ReportRow& row : rows) out["scores"].push_back(RowJson(row));
  return out.dump(2) + "\n";
}

}  // namespace

absl::StatusOr<ReportFormat> ParseReportFormat(absl::string_view text) {
  if (text == "table") return ReportFormat::kTable;
  if (text == "csv") return ReportFormat::kCsv;
  if (text == "json") return ReportFormat::kJson;
  return absl::InvalidArgumentError(
      absl::StrCat("no output format '", text, "'; have: table, csv, json"));
}

std::string PrintReport(absl::Span<const ReportRow> rows, ReportFormat format) {
  if (format == ReportFormat::kJson) return PrintJson(rows);
  const bool budgets = HasBudgets(rows), canon = HasCanon(rows);
  std::vector<Cells> lines = {Header(rows)};
  for (const ReportRow& row : rows)
    lines.push_back(CellsOf(row, budgets, canon, lines.front().size()));
  return format == ReportFormat::kTable ? AlignTable(lines, budgets ? 4 : 3) : PrintCsv(lines);
}

}  // namespace basisbench
