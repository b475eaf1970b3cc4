// SPDX-License-Identifier: Apache-2.0
// completion bash|zsh|fish: the script that makes the shell complete our words.
#include <memory>

#include "services/cli/completion.h"
#include "services/cli/verbs.h"

namespace basisbench {

void AddCompletionVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("completion", "Print a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  verb->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->footer("Example: source <(basisbench completion bash)");
  verb->callback([&context, shell] {
    context.action = [&context, shell]() -> int {
      context.out() << CompletionScript(*shell);
      return kExitOk;
    };
  });
}

}  // namespace basisbench
