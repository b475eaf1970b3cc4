// SPDX-License-Identifier: Apache-2.0
// delete: remove ended jobs with their results; asks first on a terminal and refuses to guess
// elsewhere.
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

bool Confirm(Context& context, const std::vector<std::string>& ids) {
  context.io().err << "Delete " << absl::StrJoin(ids, ", ") << " with all results? [y/N] "
                   << std::flush;
  std::string answer;
  std::getline(context.io().in, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

void AddDeleteVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("delete", "Remove ended jobs with their results");
  auto ids = std::make_shared<std::vector<std::string>>();
  auto yes = std::make_shared<bool>(false);
  verb->add_option("job", *ids, "Job ids")->required();
  verb->add_flag("-y,--yes", *yes, "Do not ask");
  verb->footer("Example: basisbench delete 1m872w9d9wn1nyx --yes");
  verb->callback([&context, ids, yes] {
    context.action = [&context, ids, yes]() -> int {
      if (!*yes && !context.io().in_terminal) {
        return context.FailUsage(
            absl::InvalidArgumentError("delete removes results for ever; give --yes"));
      }
      if (!*yes && !Confirm(context, *ids)) {
        context.Say("nothing deleted");
        return kExitUsage;
      }
      const auto client = context.Connect();
      if (!client.ok()) return context.Fail(client.status());
      int code = kExitOk;
      for (const std::string& id : *ids) {
        const absl::Status status = (*client)->DeleteJob(id);
        if (status.ok()) {
          context.Say(absl::StrCat("job ", id, " deleted"));
        } else {
          code = context.Fail(status);
        }
      }
      return code;
    };
  });
}

}  // namespace basisbench
