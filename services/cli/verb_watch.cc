// SPDX-License-Identifier: Apache-2.0
// watch: follow a job from its beginning to its end; exits as the job did.
#include <memory>

#include "services/cli/submission.h"
#include "services/cli/verbs.h"

namespace basisbench {

void AddWatchVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("watch", "Follow a job to its end and print its tables");
  auto job = std::make_shared<std::string>();
  auto follow = std::make_shared<FollowOptions>();
  verb->add_option("job", *job, "Job id")->required();
  verb->add_flag("--cancel-on-interrupt", follow->cancel_on_interrupt, "Ctrl-C cancels the job");
  verb->footer("Example: basisbench watch 1m872w9d9wn1nyx");
  verb->callback([&context, job, follow] {
    context.action = [&context, job, follow] { return Follow(context, *job, *follow); };
  });
}

}  // namespace basisbench
