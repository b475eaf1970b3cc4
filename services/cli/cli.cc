// SPDX-License-Identifier: Apache-2.0
#include "services/cli/cli.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "services/base/version.h"
#include "services/cli/completion.h"
#include "services/cli/context.h"
#include "services/cli/text.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags) {
  app.add_option("--coordinator", flags.coordinator,
                 absl::StrCat("Coordinator, host:port (default: that of 'local up', else ",
                              kDefaultCoordinator, ")"))
      ->envname("BASISBENCH_COORDINATOR")
      ->group("Connection");
  app.add_option("--timeout", flags.timeout, "Longest wait for an answer")
      ->capture_default_str()
      ->group("Connection");
  app.add_option("--tls-ca", flags.security.tls_ca_file, "PEM file that signs the coordinator")
      ->group("Connection");
  app.add_option("--tls-cert", flags.security.tls_certificate_file,
                 "PEM certificate to show (mutual TLS)")
      ->group("Connection");
  app.add_option("--tls-key", flags.security.tls_key_file, "PEM key of that certificate")
      ->group("Connection");
  app.add_option("--token-file", flags.security.token_file, "File with the shared secret")
      ->envname("BASISBENCH_TOKEN_FILE")
      ->group("Connection");
  app.add_flag("--insecure", flags.security.insecure, "Allow plain text beyond loopback")
      ->group("Connection");
  app.add_option("-o,--output", flags.output, "table, wide, json, yaml, csv, jsonl or name")
      ->capture_default_str()
      ->group("Output");
  app.add_flag("--no-headers", flags.no_headers, "Leave out headings")->group("Output");
  app.add_flag("--no-color", flags.no_color, "No colour and no moving lines (also NO_COLOR)")
      ->group("Output");
  app.add_flag("-q,--quiet", flags.quiet, "Errors only on standard error")->group("Output");
  app.add_flag("-v,--verbose", flags.verbosity, "More on standard error")->group("Output");
}

void AddVerbs(CLI::App& app, Context& context) {
  AddRunVerb(app, context);
  AddSubmitVerb(app, context);
  AddValidateVerb(app, context);
  AddWatchVerb(app, context);
  AddGetVerb(app, context);
  AddDescribeVerb(app, context);
  AddResultsVerb(app, context);
  AddCompareVerb(app, context);
  AddFrontierVerb(app, context);
  AddPredictVerb(app, context);
  AddCancelVerb(app, context);
  AddDeleteVerb(app, context);
  AddExportVerb(app, context);
  AddLocalVerb(app, context);
  AddDoctorVerb(app, context);
  AddCompletionVerb(app, context);
  AddVersionVerb(app, context);
}

std::vector<std::string> VisibleVerbs(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!verb->get_group().empty()) names.push_back(verb->get_name());
  }
  return names;
}

// The word that stands where a verb was expected, when it is not one.
std::string UnknownVerb(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().back();
  const std::vector<std::string> verbs = VisibleVerbs(*at);
  if (verbs.empty()) return "";
  const std::vector<std::string> extras = at->remaining();
  const std::vector<std::string>& words = extras.empty() ? arguments : extras;
  const auto found = std::find_if(words.begin(), words.end(), [&](const std::string& word) {
    return !word.empty() && word[0] != '-' && word != at->get_name();
  });
  if (found == words.end()) return "";
  return absl::StrCat("no verb '", *found, "'", DidYouMean(*found, verbs));
}

// The long flag that was mistyped, with the nearest of those that stand at the verb.
std::string UnknownFlag(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> known;
  const CLI::App* at = &app;
  while (true) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    const auto deeper = at->get_subcommands();
    if (deeper.empty()) break;
    at = deeper.back();
  }
  for (const std::string& word : arguments) {
    const std::string flag = word.substr(0, word.find('='));
    if (flag.size() < 3 || flag.compare(0, 2, "--") != 0) continue;
    if (std::find(known.begin(), known.end(), flag) != known.end()) continue;
    return absl::StrCat("no flag '", flag, "'", DidYouMean(flag, known));
  }
  return "";
}

// CLI11 reports through exceptions, --help included.
int Explain(CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments,
            Context& context) {
  if (error.get_exit_code() == 0) {
    app.exit(error, context.out(), context.io().err);
    return kExitOk;
  }
  std::string message = error.what();
  // By code: the name of an ExtrasError is that of the verb it happened at.
  const int code = error.get_exit_code();
  const bool word_unknown = code == static_cast<int>(CLI::ExitCodes::RequiredError) ||
                            code == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (word_unknown) {
    const std::string flag = UnknownFlag(app, arguments);
    const std::string verb = UnknownVerb(app, arguments);
    if (!verb.empty()) message = verb;
    if (!flag.empty()) message = flag;
  }
  context.io().err << "error: " << Printable(message) << "\nSee 'basisbench --help'.\n";
  return kExitUsage;
}

bool PlainTerminal() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color != nullptr && *no_color != '\0') ||
         (term != nullptr && std::string_view(term) == "dumb");
}

}  // namespace

int RunCli(const std::vector<std::string>& arguments, const Streams& streams,
           Interrupt& interrupt) {
  Context context(streams, interrupt);
  CLI::App app(
      "Basisbench: what dense MatMul and its alternatives cost, measured.\n\n"
      "  basisbench local up\n"
      "  basisbench run --operators 'matmul,monarch{blocks=32}' --preset gpt2-small --ranks 2\n"
      "  basisbench get jobs",
      "basisbench");
  app.set_version_flag("--version", kVersion);
  app.set_help_all_flag("--help-all", "Help of every verb");
  app.footer(kExitCodeHelp);
  app.fallthrough();
  app.require_subcommand(1);
  AddGlobalFlags(app, context.flags);
  AddVerbs(app, context);
  if (arguments.empty()) {
    streams.err << app.help();
    return kExitUsage;
  }
  if (arguments[0] == kCompleteVerb) {
    PrintCandidates(app, context, {arguments.begin() + 1, arguments.end()});
    return kExitOk;
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return Explain(app, error, arguments, context);
  }
  context.flags.no_color = context.flags.no_color || PlainTerminal();
  if (const absl::Status status = context.Resolve(); !status.ok()) {
    return context.FailUsage(status);
  }
  return context.action();
}

}  // namespace basisbench
