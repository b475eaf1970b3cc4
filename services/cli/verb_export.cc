// SPDX-License-Identifier: Apache-2.0
// export: every record of a job for other tools; whole records as JSON lines, or one flat row per
// case as CSV.
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/cli/proto_json.h"
#include "services/cli/result_table.h"
#include "services/cli/text.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

struct ExportFlags {
  std::string job;
  std::string format = "jsonl";
  bool omit_samples = false;
};

int Export(Context& context, const ExportFlags& flags) {
  const auto client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  const bool csv = flags.format == "csv";
  const auto results = (*client)->ListResults(flags.job, csv || flags.omit_samples);
  if (!results.ok()) return context.Fail(results.status());
  if (csv) {
    PrintTable(ResultTable(*results),
               {.format = Format::kCsv, .headers = !context.flags.no_headers}, context.out());
    return kExitOk;
  }
  for (const v1::CaseResult& result : *results) {
    PrintDocument(ToJson(result, Defaults::kKeep), "job_id", {.format = Format::kJsonl},
                  context.out());
  }
  return kExitOk;
}

}  // namespace

void AddExportVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("export", "Write the records of a job for other tools");
  auto flags = std::make_shared<ExportFlags>();
  verb->add_option("job", flags->job, "Job id")->required();
  verb->add_option("--format", flags->format, "jsonl (whole records) or csv (one row per case)")
      ->check(CLI::IsMember({"jsonl", "csv"}))
      ->capture_default_str();
  verb->add_flag("--omit-samples", flags->omit_samples, "Leave out the raw samples of each rank");
  verb->footer("Example: basisbench export 1m872w9d9wn1nyx --format csv > results.csv");
  verb->callback([&context, flags] {
    context.action = [&context, flags] { return Export(context, *flags); };
  });
}

}  // namespace basisbench
