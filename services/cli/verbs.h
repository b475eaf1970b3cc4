// SPDX-License-Identifier: Apache-2.0
// One function per verb, each in a file of its own: it adds the verb's flags to the command line
// and sets the action that runs when the verb was named.
#pragma once

#include "CLI/CLI.hpp"
#include "services/cli/context.h"

namespace basisbench {

void AddRunVerb(CLI::App& app, Context& context);
void AddSubmitVerb(CLI::App& app, Context& context);
void AddValidateVerb(CLI::App& app, Context& context);
void AddWatchVerb(CLI::App& app, Context& context);
void AddGetVerb(CLI::App& app, Context& context);
void AddDescribeVerb(CLI::App& app, Context& context);
void AddResultsVerb(CLI::App& app, Context& context);
void AddCompareVerb(CLI::App& app, Context& context);
void AddFrontierVerb(CLI::App& app, Context& context);
void AddPredictVerb(CLI::App& app, Context& context);
void AddCancelVerb(CLI::App& app, Context& context);
void AddDeleteVerb(CLI::App& app, Context& context);
void AddExportVerb(CLI::App& app, Context& context);
void AddLocalVerb(CLI::App& app, Context& context);
void AddDoctorVerb(CLI::App& app, Context& context);
void AddCompletionVerb(CLI::App& app, Context& context);
void AddVersionVerb(CLI::App& app, Context& context);

}  // namespace basisbench
