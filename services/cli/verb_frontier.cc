// SPDX-License-Identifier: Apache-2.0
// frontier JOB...: what to use instead of MatMul, where, and what it gives up, over one or several
// jobs.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/frontier.h"
#include "services/cli/frontier_report.h"
#include "services/cli/frontier_tables.h"
#include "services/cli/frontier_text.h"
#include "services/cli/record_file.h"
#include "services/cli/text.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

struct FrontierFlags {
  std::vector<std::string> jobs;
  std::vector<std::string> files;
  std::string html;
  std::string axis = "seconds";
  FrontierOptions options;
};

absl::StatusOr<std::vector<v1::CaseResult>> Collect(Context& context, const FrontierFlags& flags) {
  std::vector<v1::CaseResult> records;
  const auto append = [&records](std::vector<v1::CaseResult> more) {
    records.insert(records.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
  };
  for (const std::string& path : flags.files) {
    BB_ASSIGN_OR_RETURN(auto more, ReadRecordFile(path, context.io().in));
    append(std::move(more));
  }
  if (!flags.jobs.empty()) {
    BB_ASSIGN_OR_RETURN(Client* const client, context.Connect());
    for (const std::string& job : flags.jobs) {
      BB_ASSIGN_OR_RETURN(auto more, client->ListResults(job, /*omit_samples=*/true));
      append(std::move(more));
    }
  }
  return WithoutRepeats(std::move(records));
}

void PrintSection(const Table& table, const std::string& title, Context& context) {
  if (table.rows.empty()) return;
  const PrintOptions options = context.print_options();
  context.out() << '\n' << (options.color ? "\033[1m" + title + "\033[0m" : title) << '\n';
  PrintTable(table, options, context.out());
}

void PrintForPeople(const Frontier& frontier, Axis axis, Context& context) {
  for (const std::string& sentence : FrontierAnswer(frontier)) {
    context.out() << Printable(sentence) << '\n';
  }
  const bool wide = context.format() == Format::kWide;
  const bool scored = std::any_of(
      frontier.points.begin(), frontier.points.end(),
      [](const FrontierPoint& point) { return point.gain[0] && point.excluded.empty(); });
  PrintSection(FrontTable(frontier, axis, wide),
               absl::StrCat(scored ? "Front: captured energy against " : "By ",
                            AxisTitle(axis, "model or measured")),
               context);
  PrintSection(CrossoverTable(frontier), "Where an operator begins to beat MatMul", context);
  PrintSection(ScalingTable(frontier),
               "Arithmetic saved against communication added, beside MatMul", context);
  PrintSection(ErrorTable(frontier), "Relative error by type", context);
  PrintSection(ExcludedTable(frontier), "Not ranked", context);
}

absl::Status Show(const Frontier& frontier, const FrontierFlags& flags, Context& context) {
  for (const std::string& warning : frontier.warnings) {
    context.Say(absl::StrCat("warning: ", warning));
  }
  const auto& names = AxisNames();
  const auto axis =
      static_cast<Axis>(std::find(names.begin(), names.end(), flags.axis) - names.begin());
  if (!flags.html.empty()) {
    BB_ASSIGN_OR_RETURN(const std::string page, FrontierReport(frontier, axis));
    BB_RETURN_IF_ERROR(WriteReport(flags.html, page));
    context.Say(absl::StrCat("report written to ", flags.html));
  }
  switch (context.format()) {
    case Format::kTable:
    case Format::kWide:
      PrintForPeople(frontier, axis, context);
      break;
    case Format::kJson:
    case Format::kYaml:
      PrintDocument(FrontierDocument(frontier), "answer", context.print_options(), context.out());
      break;
    case Format::kName:
      PrintTable(FrontTable(frontier, axis, /*everything=*/false), context.print_options(),
                 context.out());
      break;
    default:
      PrintTable(FrontTable(frontier, axis, /*everything=*/true), context.print_options(),
                 context.out());
  }
  return absl::OkStatus();
}

int RunFrontier(Context& context, const FrontierFlags& flags) {
  if (flags.jobs.empty() && flags.files.empty()) {
    return context.FailUsage(
        absl::InvalidArgumentError("frontier: name a job, or a file with --export-file"));
  }
  const auto records = Collect(context, flags);
  if (!records.ok()) return context.Fail(records.status());
  const auto frontier = BuildFrontier(*records, flags.options);
  if (absl::IsFailedPrecondition(frontier.status())) return context.FailUsage(frontier.status());
  if (!frontier.ok()) return context.Fail(frontier.status());
  const absl::Status shown = Show(*frontier, flags, context);
  return shown.ok() ? static_cast<int>(kExitOk) : context.Fail(shown);
}

}  // namespace

void AddFrontierVerb(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("frontier", "Say what to use instead of MatMul, where, and at what price");
  auto flags = std::make_shared<FrontierFlags>();
  verb->add_option("job", flags->jobs, "Job ids");
  verb->add_option("--export-file", flags->files,
                   "Records that 'export' wrote, as JSON lines; - reads standard input; repeatable")
      ->expected(1)
      ->take_all();
  verb->add_option("--html", flags->html, "Write the report, one HTML file, to this path");
  verb->add_option("--x", flags->axis, "Cost of the front: seconds, flops, memory, wire or joules")
      ->check(CLI::IsMember(AxisNames()))
      ->capture_default_str();
  verb->add_option("--tokens", flags->options.tokens, "Only shapes of so many tokens")
      ->check(CLI::PositiveNumber);
  verb->add_flag("--force", flags->options.force,
                 "Rank records of other methods or machines together");
  verb->footer(
      "Example: basisbench frontier 1m872w9d9wn1nyx --html report.html\n\n"
      "An operator is on the front when no other of the same shape, type and ranks costs at most "
      "as "
      "much and\n"
      "captures at least as much; within noise when one does but the intervals overlap. bound is "
      "the "
      "largest\n"
      "speed-up over a compute-bound MatMul that the measured roofs allow: n * bytes/s / (FLOP/s * "
      "bytes per element).");
  verb->callback([&context, flags] {
    context.action = [&context, flags] { return RunFrontier(context, *flags); };
  });
}

}  // namespace basisbench
