// SPDX-License-Identifier: Apache-2.0
// compare A B: what became faster or slower from the first run to the second; or, with --between,
// from the first operator of a run to the second.
#include <algorithm>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/compare.h"
#include "services/cli/compare_policy.h"
#include "services/cli/record_file.h"
#include "services/cli/spec_text.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

// Cases without a partner that are named unless more is asked for.
constexpr size_t kNamed = 3;

struct CompareFlags {
  std::string first;
  std::string second;
  std::string between;
  std::string threshold = "5%";
  std::string fail_on;
  bool fail_on_regression = false;
  bool per_case = false;
  bool force = false;
};

// The flags, read and found good.
struct CompareRequest {
  CompareOptions options;
  FailPolicy policy;
  std::vector<std::string> operators;  // none, or two
};

// "5%" or "0.05".
absl::StatusOr<double> ParseThreshold(const std::string& text) {
  const bool percent = !text.empty() && text.back() == '%';
  double value = 0;
  if (!absl::SimpleAtod(percent ? text.substr(0, text.size() - 1) : text, &value) ||
      !(value >= 0 && value <= 1000)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--threshold: '", text, "' is not a share; expected e.g. 5% or 0.05"));
  }
  return percent ? value / 100 : value;
}

absl::StatusOr<CompareRequest> ReadFlags(const CompareFlags& flags) {
  CompareRequest request;
  BB_ASSIGN_OR_RETURN(request.options.threshold, ParseThreshold(flags.threshold));
  request.options.force = flags.force;
  request.options.per_case = flags.per_case;
  if (!flags.fail_on.empty()) {
    const auto policy = ParseFailPolicy(flags.fail_on);
    if (!policy.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--fail-on: ", policy.status().message()));
    }
    request.policy = *policy;
  }
  if (flags.fail_on_regression) request.policy.slower = request.policy.invalid = true;
  if (flags.between.empty()) {
    if (!flags.second.empty()) return request;
    return absl::InvalidArgumentError(
        "compare needs two jobs, or one and --between FIRST,SECOND for two operators of it");
  }
  const auto operators = SplitList(flags.between);
  if (!operators.ok() || operators->size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("--between: '", flags.between, "' is not two operators, FIRST,SECOND"));
  }
  if (!flags.second.empty()) {
    return absl::InvalidArgumentError("--between compares operators of one job; two are named");
  }
  request.operators = *operators;
  return request;
}

// No job id has a dot or a slash in it.
bool NamesFile(const std::string& name) {
  return name == "-" || name.find_first_of("./") != std::string::npos;
}

absl::StatusOr<std::vector<v1::CaseResult>> Fetch(Context& context, const std::string& name) {
  if (NamesFile(name)) {
    auto records = ReadRecordFile(name, context.io().in);
    if (!records.ok()) return AsUsage(records.status());
    return records;
  }
  BB_ASSIGN_OR_RETURN(Client * client, context.Connect());
  return client->ListResults(name, /*omit_samples=*/true);
}

absl::StatusOr<Comparison> Run(Context& context, const CompareFlags& flags,
                               const CompareRequest& request) {
  BB_ASSIGN_OR_RETURN(const auto first, Fetch(context, flags.first));
  if (!request.operators.empty()) {
    return CompareOperators(first, request.operators[0], request.operators[1], request.options);
  }
  BB_ASSIGN_OR_RETURN(const auto second, Fetch(context, flags.second));
  return Compare(first, second, request.options);
}

void Summarise(Context& context, const Comparison& comparison) {
  context.Say(absl::StrCat(comparison.pairs.size(), " cases: ", comparison.Count("FASTER"),
                           " faster, ", comparison.Count("SAME"), " same, ",
                           comparison.Count("SLOWER"), " slower, ", comparison.Count("AMBIGUOUS"),
                           " ambiguous, ", comparison.Count("INVALID"), " invalid"));
  const auto say_alone = [&](const char* which, const std::vector<std::string>& cases) {
    if (cases.empty()) return;
    const size_t named =
        context.flags.verbosity > 0 ? cases.size() : std::min(kNamed, cases.size());
    const std::string more =
        named < cases.size() ? absl::StrCat("; and ", cases.size() - named, " more (-v)") : "";
    context.Say(absl::StrCat("only in the ", which, ": ",
                             absl::StrJoin(cases.begin(), cases.begin() + named, "; "), more));
  };
  say_alone("first", comparison.only_first);
  say_alone("second", comparison.only_second);
}

void AddCompareFlags(CLI::App& verb, CompareFlags& flags) {
  verb.add_option("job_a", flags.first, "Job, or file that export wrote, to compare with")
      ->required();
  verb.add_option("job_b", flags.second, "Job or file that is compared");
  verb.add_option("--between", flags.between,
                  "Two operators of one job instead: FIRST,SECOND, e.g. matmul,monarch");
  verb.add_option("--threshold", flags.threshold, "Difference that matters")->capture_default_str();
  verb.add_option("--fail-on", flags.fail_on,
                  "Exit 7 on slower, ambiguous or missing cases, 8 on invalid ones: a list");
  verb.add_flag("--fail-on-regression", flags.fail_on_regression,
                "The same as --fail-on slower,invalid");
  verb.add_flag("--per-case", flags.per_case,
                "Judge each case at 95 % by itself, not all of them together");
  verb.add_flag("--force", flags.force, "Compare runs of other methods, machines or rank counts");
}

}  // namespace

void AddCompareVerb(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("compare", "Compare two jobs case by case, or two operators of one");
  auto flags = std::make_shared<CompareFlags>();
  AddCompareFlags(*verb, *flags);
  verb->footer(
      "Example: basisbench compare baseline.jsonl 1m872wfk5d0kk00 --fail-on slower,invalid\n"
      "         basisbench compare 1m872w9d9wn1nyx --between matmul,monarch\n\n"
      "ratio is the second median over the first; above 1 is slower. A case is SLOWER or FASTER "
      "only when\n"
      "the whole interval of the ratio is beyond the threshold. Intervals are wide enough for all "
      "cases to hold\n"
      "together with 95 %.");
  verb->callback([&context, flags] {
    context.action = [&context, flags]() -> int {
      const auto request = ReadFlags(*flags);
      if (!request.ok()) return context.FailUsage(request.status());
      const auto comparison = Run(context, *flags, *request);
      if (absl::IsFailedPrecondition(comparison.status())) {
        return context.FailUsage(comparison.status());
      }
      if (!comparison.ok()) return context.Fail(comparison.status());
      PrintTable(CompareTable(*comparison), context.print_options(), context.out());
      Summarise(context, *comparison);
      return ExitCodeForComparison(*comparison, request->policy);
    };
  });
}

}  // namespace basisbench
