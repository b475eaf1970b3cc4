// SPDX-License-Identifier: Apache-2.0
// get jobs|workers|operators|presets [NAME]: one row each.
#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/derived.h"
#include "services/cli/listings.h"
#include "services/cli/lookup.h"
#include "services/cli/spec_text.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

struct GetFlags {
  std::string name;
  std::vector<std::string> states;
  std::vector<std::string> labels;
  uint32_t limit = 50;
};

using Getter = absl::StatusOr<Table> (*)(Client&, const GetFlags&);

template <typename T>
absl::StatusOr<std::vector<T>> Named(const char* kind, const GetFlags& flags,
                                     absl::StatusOr<std::vector<T>> all) {
  if (!all.ok() || flags.name.empty()) return all;
  BB_ASSIGN_OR_RETURN(T item, FindNamed(kind, flags.name, *all));
  return std::vector<T>{item};
}

absl::StatusOr<v1::ListJobsRequest> JobFilter(const GetFlags& flags) {
  v1::ListJobsRequest request;
  for (const std::string& text : flags.states) {
    v1::JobState state;
    if (!v1::JobState_Parse("JOB_STATE_" + absl::AsciiStrToUpper(text), &state)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--state: no state '", text, "'; have: QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED"));
    }
    request.add_states(state);
  }
  for (const std::string& text : flags.labels) {
    BB_ASSIGN_OR_RETURN(const auto label, ParseLabel(text));
    (*request.mutable_labels())[label.first] = label.second;
  }
  return request;
}

absl::StatusOr<Table> GetJobs(Client& client, const GetFlags& flags) {
  if (!flags.name.empty()) {
    BB_ASSIGN_OR_RETURN(v1::Job job, client.GetJob(flags.name));
    return JobTable({job});
  }
  BB_ASSIGN_OR_RETURN(const v1::ListJobsRequest request, JobFilter(flags));
  BB_ASSIGN_OR_RETURN(const std::vector<v1::Job> jobs, client.ListJobs(request, flags.limit));
  return JobTable(jobs);
}

absl::StatusOr<Table> GetWorkers(Client& client, const GetFlags& flags) {
  BB_ASSIGN_OR_RETURN(const auto workers, Named("worker", flags, client.ListWorkers()));
  return WorkerTable(workers);
}

absl::StatusOr<Table> GetOperators(Client& client, const GetFlags& flags) {
  BB_ASSIGN_OR_RETURN(const auto operators, Named("operator", flags, client.ListOperators()));
  return OperatorTable(operators);
}

absl::StatusOr<Table> GetPresets(Client& client, const GetFlags& flags) {
  BB_ASSIGN_OR_RETURN(const auto presets, Named("preset", flags, client.ListPresets("")));
  return PresetTable(presets);
}

int Get(Context& context, const GetFlags& flags, Getter getter) {
  const auto client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  const auto table = getter(**client, flags);
  if (!table.ok()) return context.Fail(table.status());
  PrintTable(*table, context.print_options(), context.out());
  if (table->rows.empty()) context.Say(table->empty);
  return kExitOk;
}

}  // namespace

void AddGetVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("get", "List jobs, workers, operators or presets");
  verb->require_subcommand(1);
  auto flags = std::make_shared<GetFlags>();
  verb->footer("Example: basisbench get jobs --state running -o wide");
  auto add = [&](const std::string& noun, const char* help, Getter getter) {
    CLI::App* kind = verb->add_subcommand(noun, help);
    kind->footer("Example: basisbench get " + noun + " -o json");
    kind->add_option("name", flags->name, "Only this one");
    kind->callback([&context, flags, getter] {
      context.action = [&context, flags, getter] { return Get(context, *flags, getter); };
    });
    return kind;
  };
  CLI::App* jobs = add("jobs", "Jobs, newest first", GetJobs);
  jobs->alias("job");
  jobs->add_option("--state", flags->states, "Only jobs in this state; repeatable")
      ->allow_extra_args(false);
  jobs->add_option("-l,--label", flags->labels, "Only jobs with this key=value; repeatable")
      ->allow_extra_args(false);
  jobs->add_option("--limit", flags->limit, "Most jobs to list")->capture_default_str();
  add("workers", "Workers with their slots", GetWorkers)->alias("worker");
  add("operators", "Operators the workers can run", GetOperators)->alias("operator");
  add("presets", "Models whose shapes are known", GetPresets)->alias("preset");
}

}  // namespace basisbench
