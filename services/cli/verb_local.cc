// SPDX-License-Identifier: Apache-2.0
// local up|down|status: a coordinator and workers on this machine, each worker on a loopback
// address of its own, so that even one machine runs the path between nodes.
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/cli/local_cluster.h"
#include "services/cli/spec_text.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

constexpr absl::Duration kAskFor = absl::Seconds(2);

struct LocalFlags {
  LocalOptions options;
  std::string wait = "60s";
  std::string grace = "20s";
};

absl::Status SetWait(const char* flag, const std::string& text, absl::Duration* wait) {
  const auto parsed = ParseDuration(text);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(flag, ": ", parsed.status().message()));
  }
  *wait = absl::Seconds(parsed->seconds()) + absl::Nanoseconds(parsed->nanos());
  return absl::OkStatus();
}

void PrintState(Context& context, const LocalState& state) {
  if (!IsHuman(context.format())) {
    PrintDocument(LocalStateJson(state), "coordinator", context.print_options(), context.out());
    return;
  }
  PrintTable(LocalStateTable(state), context.print_options(), context.out());
  if (!state.page.empty()) context.out() << "\npage " << state.page << '\n';
}

void SayNext(Context& context, const LocalState& state) {
  const LocalFiles usual(DefaultLocalDirectory());
  if (state.directory != usual.directory()) {
    context.Say(
        absl::StrCat("use it with: export BASISBENCH_COORDINATOR=", state.coordinator.address));
  }
  context.Say("try: basisbench run --operators matmul,monarch --shape 512x1024x1024 --ranks 2");
}

int Up(Context& context, LocalFlags& flags) {
  if (const auto status = SetWait("--wait", flags.wait, &flags.options.wait); !status.ok()) {
    return context.FailUsage(status);
  }
  flags.options.programs = ProgramFolder();
  const auto report = BringUp(flags.options, context.interrupt());
  if (absl::IsCancelled(report.status())) {
    context.Fail(absl::CancelledError("interrupted; what was started has been stopped"));
    return kExitInterrupted;
  }
  if (!report.ok()) return context.Fail(report.status());
  if (!report->coordinator_started && report->workers_started == 0) {
    context.Say(absl::StrCat("already up in ", report->state.directory, "; nothing started"));
  } else {
    context.Say(absl::StrCat("started ", report->coordinator_started ? "a coordinator and " : "",
                             report->workers_started,
                             report->workers_started == 1 ? " worker in " : " workers in ",
                             report->state.directory));
  }
  PrintState(context, report->state);
  SayNext(context, report->state);
  return kExitOk;
}

int Down(Context& context, LocalFlags& flags) {
  absl::Duration grace;
  if (const auto status = SetWait("--grace", flags.grace, &grace); !status.ok()) {
    return context.FailUsage(status);
  }
  const auto report = TakeDown(flags.options.directory, grace);
  if (!report.ok()) return context.Fail(report.status());
  if (report->stopped == 0 && report->stale == 0) {
    context.Say(absl::StrCat("nothing runs in ", flags.options.directory));
    return kExitOk;
  }
  context.Say(absl::StrCat(
      "stopped ", report->stopped, " processes",
      report->killed > 0 ? absl::StrCat(", ", report->killed, " of them by force") : "",
      report->stale > 0 ? absl::StrCat("; ", report->stale, " had ended before") : ""));
  return kExitOk;
}

int Status(Context& context, const LocalFlags& flags) {
  LocalState state = ReadLocalState(LocalFiles(flags.options.directory));
  AskCoordinator(&state, kAskFor);
  PrintState(context, state);
  if (state.Summary() == "up") return kExitOk;
  context.Say(absl::StrCat(state.Summary(), " in ", state.directory,
                           "; 'basisbench local up' starts what is missing"));
  return kExitUnavailable;
}

}  // namespace

void AddLocalVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand(
      "local", "Run a coordinator and workers on this machine: up, down, status");
  verb->require_subcommand(1);
  verb->footer("Example: basisbench local up --workers 2 && basisbench get workers");
  auto flags = std::make_shared<LocalFlags>();
  flags->options.directory = DefaultLocalDirectory();
  auto add = [&](const char* name, const char* help, const char* example, auto action) {
    CLI::App* sub = verb->add_subcommand(name, help);
    sub->add_option("--dir", flags->options.directory, "Directory of pid files, logs and the store")
        ->capture_default_str();
    sub->footer(example);
    sub->callback([&context, flags, action] {
      context.action = [&context, flags, action] { return action(context, *flags); };
    });
    return sub;
  };
  CLI::App* up = add("up", "Start what does not run yet and wait until it is ready",
                     "Example: basisbench local up --workers 4 --slots 1", Up);
  up->add_option("--workers", flags->options.workers, "Worker daemons; each gets its share of CPUs")
      ->check(CLI::Range(1u, kMostLocalWorkers))
      ->capture_default_str();
  up->add_option("--slots", flags->options.slots, "Ranks per worker (default: one per CPU)")
      ->check(CLI::Range(1, 4096));
  up->add_option("--grpc-port", flags->options.grpc_port, "Port of the coordinator; 0: a free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  up->add_option("--http-port", flags->options.http_port, "Port of the page; 0: a free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  up->add_option("--wait", flags->wait, "Longest wait until all is ready")->capture_default_str();
  CLI::App* down =
      add("down", "Stop all of it; jobs and results stay", "Example: basisbench local down", Down);
  down->add_option("--grace", flags->grace, "Time to end by itself before it is killed")
      ->capture_default_str();
  add("status", "Show what runs; exits 5 when not all of it does",
      "Example: basisbench local status -o json", Status);
}

}  // namespace basisbench
