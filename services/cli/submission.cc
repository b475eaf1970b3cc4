// SPDX-License-Identifier: Apache-2.0
#include "services/cli/submission.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/derived.h"
#include "services/cli/progress.h"
#include "services/cli/result_table.h"
#include "services/cli/text.h"
#include "services/cli/units.h"
#include "services/cli/watcher.h"

namespace basisbench {
namespace {

// Suggestions for names in the job that the coordinator does not know.
std::string Suggestions(Client& client, const v1::JobSpec& spec) {
  std::string text;
  auto suggest = [&](const std::string& name, const std::vector<std::string>& known) {
    if (known.empty() || std::find(known.begin(), known.end(), name) != known.end()) return;
    const std::string nearest = Nearest(name, known);
    if (!nearest.empty()) {
      absl::StrAppend(&text, "; did you mean '", nearest, "' instead of '", name, "'?");
    }
  };
  std::vector<std::string> operators, presets;
  if (const auto list = client.ListOperators(); list.ok()) {
    for (const v1::OperatorInfo& info : *list) operators.push_back(info.name());
  }
  for (const v1::OperatorSpec& op : spec.operators()) suggest(op.name(), operators);
  if (!spec.has_model()) return text;
  if (const auto list = client.ListPresets(""); list.ok()) {
    for (const v1::PresetInfo& info : *list) presets.push_back(info.name());
  }
  suggest(spec.model().preset(), presets);
  return text;
}

std::string Heading(const v1::Job& job) {
  std::string text = absl::StrCat("job ", job.id());
  if (!job.spec().name().empty()) absl::StrAppend(&text, " '", job.spec().name(), "'");
  absl::StrAppend(&text, " ", StateName(job.state()), ": ", job.cases_ok(), " of ",
                  job.cases_total(), " cases ok");
  if (job.cases_unsupported() > 0) {
    absl::StrAppend(&text, ", ", job.cases_unsupported(), " unsupported");
  }
  if (job.has_start_time() && job.has_end_time()) {
    absl::StrAppend(&text, ", ", HumanSeconds(SecondsBetween(job.start_time(), job.end_time())));
  }
  return job.detail().empty() ? text : absl::StrCat(text, " (", job.detail(), ")");
}

int Interrupted(Context& context, Client& client, const std::string& job_id, bool cancel) {
  if (!cancel) {
    context.io().err << "interrupted; job " << job_id
                     << " keeps running\n  watch it again: basisbench watch " << job_id
                     << "\n  stop it:        basisbench cancel " << job_id << "\n";
    return kExitInterrupted;
  }
  const auto job = client.CancelJob(job_id);
  if (!job.ok()) context.Fail(job.status());
  context.io().err << "interrupted; job " << job_id
                   << (job.ok() ? " was asked to stop\n" : " could not be cancelled\n");
  return kExitInterrupted;
}

}  // namespace

absl::StatusOr<v1::SubmitJobResponse> Submit(Context& context, const JobFlags& flags,
                                             bool validate_only) {
  v1::SubmitJobRequest request;
  BB_ASSIGN_OR_RETURN(*request.mutable_spec(), BuildSpec(flags, context.io().in));
  request.set_request_id(flags.request_id.empty() ? NewRequestId() : flags.request_id);
  request.set_validate_only(validate_only);
  BB_ASSIGN_OR_RETURN(Client * client, context.Connect());
  const absl::Time give_up = absl::Now() + client->timeout();
  bool told = false;
  while (true) {
    auto response = client->SubmitJob(request);
    if (response.ok()) return response;
    if (absl::IsInvalidArgument(response.status())) {
      const std::string message(response.status().message());
      // The coordinator may have suggested something itself.
      const bool helped = absl::StrContains(message, "did you mean");
      return absl::InvalidArgumentError(
          helped ? message : absl::StrCat(message, Suggestions(*client, request.spec())));
    }
    const bool unreachable = absl::StrContains(response.status().message(), "cannot reach");
    if (!absl::IsUnavailable(response.status()) || unreachable || absl::Now() > give_up) {
      return response;
    }
    if (!told) context.Say(absl::StrCat("waiting: ", response.status().message()));
    told = true;
    context.interrupt().WaitFor(absl::Milliseconds(500));
  }
}

absl::Status PrintSummary(Context& context, const v1::Job& job,
                          const std::vector<v1::CaseResult>& results) {
  const PrintOptions options = context.print_options();
  const Table table = ResultTable(results);
  if (!IsHuman(options.format)) {
    PrintTable(table, options, context.out());
    return absl::OkStatus();
  }
  context.out() << Printable(Heading(job)) << '\n';
  for (const std::string& line : ConditionLines(results)) context.out() << Printable(line) << '\n';
  if (table.rows.empty()) {
    context.Say(table.empty);
    return absl::OkStatus();
  }
  context.out() << '\n';
  PrintTable(table, options, context.out());
  const Table model = ModelTable(results);
  if (model.rows.empty()) return absl::OkStatus();
  context.out() << '\n';
  PrintTable(model, options, context.out());
  return absl::OkStatus();
}

int Follow(Context& context, const std::string& job_id, const FollowOptions& options) {
  const auto client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  ProgressView view(context);
  const auto job = WatchUntilEnd(context, **client, job_id, view);
  if (context.interrupt().requested() && !job.ok()) {
    return Interrupted(context, **client, job_id, options.cancel_on_interrupt);
  }
  if (!job.ok()) return context.Fail(job.status());
  const auto results = (*client)->ListResults(job_id, /*omit_samples=*/true);
  if (!results.ok()) return context.Fail(results.status());
  if (options.summary) {
    if (const absl::Status status = PrintSummary(context, *job, *results); !status.ok()) {
      return context.Fail(status);
    }
  }
  return ExitCodeForJob(*job, *results);
}

}  // namespace basisbench
