// SPDX-License-Identifier: Apache-2.0
// run: submit, watch, summary; exits as the job did.
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/cli/submission.h"
#include "services/cli/verbs.h"

namespace basisbench {

void AddRunVerb(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("run", "Submit a job, watch it and print its comparison table");
  auto flags = std::make_shared<JobFlags>();
  auto follow = std::make_shared<FollowOptions>();
  AddJobFlags(*verb, *flags);
  verb->add_flag("--cancel-on-interrupt", follow->cancel_on_interrupt,
                 "Ctrl-C cancels the job instead of leaving it to run");
  verb->footer(
      "Example: basisbench run --operators 'matmul,monarch{blocks=32},wht' --shape 512x768x768 "
      "--ranks 1,2\n"
      "         basisbench run --operators matmul,wht --shape 4096x4096x4096 --ranks 2 --backend "
      "cuda_nccl\n"
      "         basisbench run --operators matmul,monarch --shape 512x768x768 --ranks 4 --sharding "
      "auto");
  verb->callback([&context, flags, follow] {
    context.action = [&context, flags, follow] {
      const auto response = Submit(context, *flags, /*validate_only=*/false);
      if (!response.ok()) return context.Fail(response.status());
      context.Say(absl::StrCat("submitted job ", response->job().id()));
      return Follow(context, response->job().id(), *follow);
    };
  });
}

}  // namespace basisbench
