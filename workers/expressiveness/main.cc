// SPDX-License-Identifier: Apache-2.0
// basisbench-expressiveness: scores of operator families without a benchmark, on one machine.
// Exit codes: 0 done, 1 a fit failed, 2 wrong usage.
#include <unistd.h>

#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/base/version.h"
#include "workers/expressiveness/budgets.h"
#include "workers/expressiveness/catalogue.h"
#include "workers/expressiveness/operator_list.h"
#include "workers/expressiveness/probes/probe_report.h"
#include "workers/expressiveness/report.h"
#include "workers/expressiveness/score.h"

namespace basisbench {
namespace {

constexpr int kExitFailed = 1, kExitUsage = 2;

struct Options {
  std::vector<int64_t> sizes = {64, 256};
  std::string operators;
  std::vector<std::string> targets = TargetNames();
  std::string format = "table";
  bool canon = false, budgets = false, probes = false;
};

std::vector<OperatorText> EveryFamily() {
  std::vector<OperatorText> out;
  for (const std::string& name : FamilyNames()) out.push_back({name, {}});
  return out;
}

// Overwrites one line of standard error, where a person is looking.
void ShowProgress(const std::string& text) {
  static const bool terminal = isatty(STDERR_FILENO) == 1;
  if (terminal) std::cerr << "\r\033[K" << text << std::flush;
}

absl::StatusOr<std::vector<Target>> MakeTargets(const Options& options, int64_t n) {
  std::vector<Target> out;
  for (const std::string& name : options.targets) {
    ShowProgress(absl::StrCat("n=", n, ": making ", name));
    BB_ASSIGN_OR_RETURN(Target target, MakeTarget(name, n));
    out.push_back(std::move(target));
  }
  return out;
}

absl::StatusOr<std::vector<ReportRow>> RowsOf(const OperatorText& op, int64_t n,
                                              absl::Span<const Target> targets,
                                              const Options& options) {
  ReportRow row{.family = op.name, .n = n};
  std::vector<ReportRow> out;
  ShowProgress(absl::StrCat("n=", n, ": ", op.name));
  if (!options.budgets) {
    BB_ASSIGN_OR_RETURN(const FamilyInfo family, ResolveFamily(op.name, op.parameters, n));
    BB_ASSIGN_OR_RETURN(row.score, ScoreFamily(family, targets, options.canon));
    return std::vector<ReportRow>{row};
  }
  for (const Budget& budget : StandardBudgets(n)) {
    row.budget = budget;
    row.score.reset();
    BB_ASSIGN_OR_RETURN(const auto family, LargestWithin(op.name, op.parameters, n, budget));
    if (family.has_value()) {
      BB_ASSIGN_OR_RETURN(row.score, ScoreFamily(*family, targets, options.canon));
    }
    out.push_back(row);
  }
  return out;
}

absl::Status RunProbes(const Options& options, ReportFormat format) {
  std::vector<ClassProbe> classes;
  for (const int64_t n : options.sizes) {
    BB_ASSIGN_OR_RETURN(const std::vector<Target> targets, MakeTargets(options, n));
    ShowProgress(absl::StrCat("n=", n, ": probing token mixers"));
    BB_ASSIGN_OR_RETURN(std::vector<ClassProbe> more, ProbeClasses(targets));
    std::move(more.begin(), more.end(), std::back_inserter(classes));
  }
  BB_ASSIGN_OR_RETURN(const std::vector<RecallProbe> recall, ProbeRecall());
  ShowProgress("");
  std::cout << PrintProbes(classes, recall, format);
  return absl::OkStatus();
}

absl::Status Run(const Options& options) {
  BB_ASSIGN_OR_RETURN(const ReportFormat format, ParseReportFormat(options.format));
  if (options.probes) return RunProbes(options, format);
  std::vector<OperatorText> operators = EveryFamily();
  if (!options.operators.empty()) {
    BB_ASSIGN_OR_RETURN(operators, ParseOperatorList(options.operators));
  }
  // Everything that can be wrong is looked at before the first fit.
  for (const int64_t n : options.sizes)
    for (const OperatorText& op : operators)
      BB_RETURN_IF_ERROR(ResolveFamily(op.name, op.parameters, n).status());
  std::vector<ReportRow> rows;
  for (const int64_t n : options.sizes) {
    BB_ASSIGN_OR_RETURN(const std::vector<Target> targets, MakeTargets(options, n));
    for (const OperatorText& op : operators) {
      BB_ASSIGN_OR_RETURN(const std::vector<ReportRow> more, RowsOf(op, n, targets, options));
      rows.insert(rows.end(), more.begin(), more.end());
    }
  }
  ShowProgress("");
  std::cout << PrintReport(rows, format);
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  CLI::App app{
      "Scores what families of matrices can express: the share of a target's energy that the "
      "closest "
      "member captures, without training anything."};
  Options options;
  app.set_version_flag("--version", kVersion);
  app.add_option("--n", options.sizes, "sizes, powers of two; default 64,256")->delimiter(',');
  app.add_option("--operators", options.operators,
                 "operators with parameters, e.g. monarch,lowrank{rank=4}; default: all of " +
                     absl::StrJoin(FamilyNames(), ", "));
  app.add_option("--targets", options.targets,
                 "targets; default: all of " + absl::StrJoin(TargetNames(), ", "))
      ->delimiter(',');
  app.add_flag("--canon", options.canon, "also the best of 16 orders of outputs and inputs");
  app.add_flag("--budgets", options.budgets,
               "instead, the largest member within each of four parameter and four FLOP budgets");
  app.add_flag("--probes", options.probes,
               "instead, what token mixers can hold and recall whose matrix follows the data")
      ->excludes("--operators", "--canon", "--budgets");
  app.add_option("-o,--output", options.format, "table, csv or json");
  app.footer(
      "Examples:\n"
      "  basisbench-expressiveness --n 256\n"
      "  basisbench-expressiveness --operators monarch,lowrank{rank=4} --targets HAAR,DFT --canon\n"
      "  basisbench-expressiveness --n 256,1024 --budgets -o csv > budgets.csv\n"
      "  basisbench-expressiveness --n 256 --probes");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const absl::Status status = Run(options);
  if (status.ok()) return 0;
  ShowProgress("");
  std::cerr << "basisbench-expressiveness: " << status.message() << "\n";
  const bool usage = absl::IsInvalidArgument(status) || absl::IsUnimplemented(status);
  return usage ? kExitUsage : kExitFailed;
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::Main(argc, argv); }
