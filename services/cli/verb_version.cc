// SPDX-License-Identifier: Apache-2.0
// version: of this program and of the method of measuring.
#include "services/base/version.h"
#include "services/cli/verbs.h"

namespace basisbench {

void AddVersionVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("version", "Print the version");
  verb->footer("Example: basisbench version -o json");
  verb->callback([&context] {
    context.action = [&context]() -> int {
      if (IsHuman(context.format())) {
        context.out() << "basisbench " << kVersion << " (method " << kMethodVersion << ")\n";
        return kExitOk;
      }
      PrintDocument({{"version", kVersion}, {"method_version", kMethodVersion}}, "version",
                    context.print_options(), context.out());
      return kExitOk;
    };
  });
}

}  // namespace basisbench
