// SPDX-License-Identifier: Apache-2.0
// results: the tables of a job, finished or not.
#include <memory>

#include "services/cli/submission.h"
#include "services/cli/verbs.h"

namespace basisbench {

void AddResultsVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("results", "Print the results a job has so far");
  auto id = std::make_shared<std::string>();
  verb->add_option("job", *id, "Job id")->required();
  verb->footer(
      "Example: basisbench results 1m872w9d9wn1nyx -o wide\n\n"
      "memory is compulsory traffic by formula (model); wire is counted by the communicator, "
      "summed over ranks;\n"
      "of roof is the larger of executed FLOP/s over the GEMM roof and model bytes/s over the copy "
      "roof, both\n"
      "measured in the same run; effective FLOP/s is what the dense product would have needed.");
  verb->callback([&context, id] {
    context.action = [&context, id] {
      const auto client = context.Connect();
      if (!client.ok()) return context.Fail(client.status());
      const auto job = (*client)->GetJob(*id);
      if (!job.ok()) return context.Fail(job.status());
      const auto results = (*client)->ListResults(*id, /*omit_samples=*/true);
      if (!results.ok()) return context.Fail(results.status());
      const absl::Status status = PrintSummary(context, *job, *results);
      return status.ok() ? static_cast<int>(kExitOk) : context.Fail(status);
    };
  });
}

}  // namespace basisbench
