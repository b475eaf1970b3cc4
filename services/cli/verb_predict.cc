// SPDX-License-Identifier: Apache-2.0
// predict: times of measured cases at world sizes nobody ran, with the error such predictions had.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/prediction_network.h"
#include "services/cli/prediction_records.h"
#include "services/cli/prediction_request.h"
#include "services/cli/prediction_table.h"
#include "services/cli/record_file.h"
#include "services/cli/text.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

struct PredictFlags {
  std::vector<std::string> jobs;
  std::vector<std::string> files;
  std::string ranks;
  std::string network;
};

struct Question {
  std::vector<uint32_t> ranks;
  std::optional<LinkCost> network;
};

absl::StatusOr<Question> ParseQuestion(const PredictFlags& flags) {
  if (flags.jobs.empty() && flags.files.empty()) {
    return absl::InvalidArgumentError("nothing to fit; name jobs, or --export-file");
  }
  Question question;
  auto ranks = ParseRanks(flags.ranks);
  if (!ranks.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--ranks: ", ranks.status().message()));
  }
  question.ranks = *std::move(ranks);
  if (flags.network.empty()) return question;
  const auto network = ParseNetwork(flags.network);
  if (!network.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--network: ", network.status().message()));
  }
  question.network = *network;
  return question;
}

absl::StatusOr<std::vector<v1::CaseResult>> GatherRecords(Context& context, Client& client,
                                                          const PredictFlags& flags) {
  std::vector<v1::CaseResult> records;
  for (const std::string& file : flags.files) {
    auto read = ReadRecordFile(file, context.io().in);
    if (!read.ok()) {
      return AsUsage(
          absl::InvalidArgumentError(absl::StrCat("--export-file: ", read.status().message())));
    }
    std::move(read->begin(), read->end(), std::back_inserter(records));
  }
  for (const std::string& job : flags.jobs) {
    BB_ASSIGN_OR_RETURN(auto listed, client.ListResults(job, /*omit_samples=*/true));
    std::move(listed.begin(), listed.end(), std::back_inserter(records));
  }
  return records;
}

// What the case costs there, as the runner of an attached worker declares it, and how long the fit
// says that takes. A case that cannot run there, or cannot be predicted, says why.
absl::StatusOr<PredictedCase> PredictOne(Client& client, const v1::Case& item,
                                         const FitRecords& records, const PredictionFit& fit,
                                         const std::optional<LinkCost>& network) {
  PredictedCase asked{.item = item};
  const auto answer = client.SubmitJob(CostRequest(item));
  if (absl::IsInvalidArgument(answer.status())) {
    asked.refusal = ShortRefusal(std::string(answer.status().message()));
    return asked;
  }
  BB_RETURN_IF_ERROR(answer.status());
  if (answer->cases_size() != 1) {
    return absl::InternalError(
        absl::StrCat("the coordinator answered ", answer->cases_size(), " cases instead of 1"));
  }
  const v1::CheckedCase& checked = answer->cases(0);
  asked.refusal = checked.refusal();
  if (!asked.refusal.empty()) return asked;
  asked.item.set_grid(checked.resolved().grid());
  asked.load = LoadOf(asked.item, checked.cost(), records.placement);
  auto prediction = fit.Predict(asked.load, network);
  if (prediction.ok()) {
    const std::string sharing = SharingNote(asked.item);
    if (!sharing.empty()) prediction->notes.push_back(sharing);
    asked.prediction = *std::move(prediction);
  } else {
    asked.refusal = std::string(prediction.status().message());
  }
  return asked;
}

void Show(Context& context, const FitRecords& records, const PredictionFit& fit,
          const std::vector<PredictedCase>& cases) {
  if (IsHuman(context.format())) {
    context.out() << kPredictionMark << ", not measured: fitted to " << records.observations.size()
                  << " records of up to " << fit.most_ranks() << " ranks\n";
    for (const std::string& line : FitLines(fit)) context.out() << Printable(line) << '\n';
  }
  PrintTable(PredictionTable(cases, fit), context.print_options(), context.out());
  const std::vector<std::string> refusals = Refusals(cases);
  for (size_t i = 0; i < refusals.size() && IsHuman(context.format()); ++i) {
    context.out() << (i == 0 ? "\n" : "") << "(" << i + 1 << ") " << Printable(refusals[i]) << '\n';
  }
  if (!records.left_out.empty()) {
    context.Say(absl::StrCat("records not fitted: ",
                             absl::StrJoin(records.left_out, ", ", absl::PairFormatter(": "))));
  }
}

absl::Status Predict(Context& context, const PredictFlags& flags, const Question& question) {
  BB_ASSIGN_OR_RETURN(Client * client, context.Connect());
  BB_ASSIGN_OR_RETURN(const auto results, GatherRecords(context, *client, flags));
  BB_ASSIGN_OR_RETURN(const auto workers, client->ListWorkers());
  BB_ASSIGN_OR_RETURN(const FitRecords records, CollectObservations(results, workers));
  const PredictionFit fit(records.observations);
  std::vector<PredictedCase> cases;
  bool any = false;
  for (const v1::Case& item : CasesAt(results, question.ranks)) {
    BB_ASSIGN_OR_RETURN(cases.emplace_back(),
                        PredictOne(*client, item, records, fit, question.network));
    any = any || cases.back().prediction.has_value();
  }
  if (!any) return absl::FailedPreconditionError(absl::StrCat("no prediction: ", cases[0].refusal));
  CompareWithBaselines(cases);
  Show(context, records, fit, cases);
  return absl::OkStatus();
}

}  // namespace

void AddPredictVerb(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("predict", "Predict measured cases at world sizes nobody ran");
  auto flags = std::make_shared<PredictFlags>();
  verb->add_option("job", flags->jobs, "Jobs to fit");
  verb->add_option("--export-file", flags->files,
                   "Records to fit, as export wrote them; - reads standard input; repeatable")
      ->allow_extra_args(false);
  verb->add_option("--ranks", flags->ranks, "World sizes to predict, e.g. 64,1024")->required();
  verb->add_option("--network", flags->network,
                   "What joins the ranks instead of what was fitted: latency=2us,bandwidth=25GB/s");
  verb->footer(
      "Example: basisbench predict 1m872w9d9wn1nyx --ranks 64 --network "
      "latency=2us,bandwidth=25GB/s\n\n"
      "seconds = gamma x FLOPs + mu x memory / copy roof + alpha x messages + beta x wire bytes, "
      "of "
      "one rank,\n"
      "fitted to the records. Every row is marked PREDICTION and bears the error that the fit made "
      "on cases it\n"
      "was not shown. Refused where messages would go farther than any that was measured.");
  verb->callback([&context, flags] {
    context.action = [&context, flags]() -> int {
      const auto question = ParseQuestion(*flags);
      if (!question.ok()) return context.FailUsage(question.status());
      const absl::Status status = Predict(context, *flags, *question);
      if (absl::IsFailedPrecondition(status)) return context.FailUsage(status);
      return status.ok() ? static_cast<int>(kExitOk) : context.Fail(status);
    };
  });
}

}  // namespace basisbench
