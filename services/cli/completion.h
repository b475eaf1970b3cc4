// SPDX-License-Identifier: Apache-2.0
// Shell completion: the shell calls `basisbench __complete WORDS...` and gets candidates, one a
// line. They come from the command line's own description, and job, worker, operator and preset
// names from the coordinator, which is asked for a moment only. Never fails: nothing known is
// nothing printed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "services/cli/context.h"

namespace basisbench {

inline constexpr char kCompleteVerb[] = "__complete";

// What a word stands for when the command line does not list its values.
enum class Completes { kNothing, kJobs, kWorkers, kOperators, kPresets };

// Names of that kind; the seam to the coordinator.
using NameSource = std::function<std::vector<std::string>(Completes)>;

// Candidates for the last of `words` (empty when a new word begins), sorted as listed by the verb.
std::vector<std::string> Candidates(const CLI::App& app, const std::vector<std::string>& words,
                                    const NameSource& names);

void PrintCandidates(const CLI::App& app, Context& context, const std::vector<std::string>& words);

// The script for "bash", "zsh" or "fish"; empty for anything else.
std::string CompletionScript(const std::string& shell);

}  // namespace basisbench
