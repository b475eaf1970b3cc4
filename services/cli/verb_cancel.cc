// SPDX-License-Identifier: Apache-2.0
// cancel: ask jobs to stop; finished cases are kept.
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/verbs.h"

namespace basisbench {

void AddCancelVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("cancel", "Stop jobs; finished cases are kept");
  auto ids = std::make_shared<std::vector<std::string>>();
  verb->add_option("job", *ids, "Job ids")->required();
  verb->footer("Example: basisbench cancel 1m872w9d9wn1nyx");
  verb->callback([&context, ids] {
    context.action = [&context, ids] {
      const auto client = context.Connect();
      if (!client.ok()) return context.Fail(client.status());
      int code = kExitOk;
      for (const std::string& id : *ids) {
        const auto job = (*client)->CancelJob(id);
        if (!job.ok()) {
          code = context.Fail(job.status());
          continue;
        }
        context.Say(absl::StrCat(
            "job ", id, job->state() == v1::JOB_STATE_CANCELLED ? " cancelled" : " is stopping"));
      }
      return code;
    };
  });
}

}  // namespace basisbench
