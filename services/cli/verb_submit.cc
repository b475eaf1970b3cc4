// SPDX-License-Identifier: Apache-2.0
// submit: queue a job and return at once; the id is the only thing on standard output.
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/cli/proto_json.h"
#include "services/cli/submission.h"
#include "services/cli/verbs.h"

namespace basisbench {

void AddSubmitVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("submit", "Queue a job and print its id");
  auto flags = std::make_shared<JobFlags>();
  auto wait = std::make_shared<bool>(false);
  AddJobFlags(*verb, *flags);
  verb->add_flag("--wait", *wait, "Wait for the end; exits as the job did");
  verb->footer(
      "Example: basisbench submit -f sweep.yaml\n"
      "         basisbench submit -f sweep.yaml --backend cuda_nccl");
  verb->callback([&context, flags, wait] {
    context.action = [&context, flags, wait] {
      const auto response = Submit(context, *flags, /*validate_only=*/false);
      if (!response.ok()) return context.Fail(response.status());
      const std::string& id = response->job().id();
      if (IsHuman(context.format())) {
        context.out() << id << std::endl;
      } else {
        PrintDocument(ToJson(response->job(), Defaults::kDrop), "id", context.print_options(),
                      context.out());
      }
      context.Say(absl::StrCat("follow it with: basisbench watch ", id));
      return *wait ? Follow(context, id, {.summary = false}) : static_cast<int>(kExitOk);
    };
  });
}

}  // namespace basisbench
