// SPDX-License-Identifier: Apache-2.0
// compare A B: what became faster or slower from the first run to the second; or, with --between,
// from the first operator of a run to the second; or, with --equal, which of a run's operators is
// best at each budget.
#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/compare.h"
#include "services/cli/compare_policy.h"
#include "services/cli/equal_budget.h"
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
  std::string equal;
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
  std::optional<Budget> budget;
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

absl::StatusOr<Budget> ReadBudget(const CompareFlags& flags) {
  if (!flags.second.empty()) {
    return absl::InvalidArgumentError("--equal compares operators of one job; two are named");
  }
  if (!flags.between.empty()) {
    return absl::InvalidArgumentError("--equal and --between exclude each other");
  }
  if (!flags.fail_on.empty() || flags.fail_on_regression) {
    return absl::InvalidArgumentError("--fail-on judges two jobs or --between, not --equal");
  }
  const auto budget = ParseBudget(flags.equal);
  if (budget.ok()) return budget;
  return absl::InvalidArgumentError(absl::StrCat("--equal: ", budget.status().message()));
}

absl::StatusOr<std::vector<std::string>> ReadOperators(const CompareFlags& flags) {
  const auto operators = SplitList(flags.between);
  if (!operators.ok() || operators->size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("--between: '", flags.between, "' is not two operators, FIRST,SECOND"));
  }
  if (!flags.second.empty()) {
    return absl::InvalidArgumentError("--between compares operators of one job; two are named");
  }
  return *operators;
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
  if (!flags.equal.empty()) {
    BB_ASSIGN_OR_RETURN(request.budget, ReadBudget(flags));
  } else if (!flags.between.empty()) {
    BB_ASSIGN_OR_RETURN(request.operators, ReadOperators(flags));
  } else if (flags.second.empty()) {
    return absl::InvalidArgumentError(
        "compare needs two jobs, or one and --between FIRST,SECOND for two operators of it or "
        "--equal BUDGET for all of them");
  }
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

void SayCases(Context& context, const char* what, const std::vector<std::string>& cases) {
  if (cases.empty()) return;
  const size_t named = context.flags.verbosity > 0 ? cases.size() : std::min(kNamed, cases.size());
  const std::string more =
      named < cases.size() ? absl::StrCat("; and ", cases.size() - named, " more (-v)") : "";
  context.Say(
      absl::StrCat(what, ": ", absl::StrJoin(cases.begin(), cases.begin() + named, "; "), more));
}

void Summarise(Context& context, const Comparison& comparison) {
  context.Say(absl::StrCat(comparison.pairs.size(), " cases: ", comparison.Count("FASTER"),
                           " faster, ", comparison.Count("SAME"), " same, ",
                           comparison.Count("SLOWER"), " slower, ", comparison.Count("AMBIGUOUS"),
                           " ambiguous, ", comparison.Count("INVALID"), " invalid"));
  SayCases(context, "only in the first", comparison.only_first);
  SayCases(context, "only in the second", comparison.only_second);
}

absl::Status ShowAtEqual(Context& context, const CompareFlags& flags,
                         const CompareRequest& request) {
  BB_ASSIGN_OR_RETURN(const auto records, Fetch(context, flags.first));
  BB_ASSIGN_OR_RETURN(const auto comparison,
                      CompareAtEqual(records, *request.budget, request.options));
  for (const std::string& warning : comparison.warnings) {
    context.Say(absl::StrCat("warning: ", warning));
  }
  PrintTable(EqualTable(comparison), context.print_options(), context.out());
  SayCases(context, "left out", comparison.left_out);
  return absl::OkStatus();
}

absl::StatusOr<int> Show(Context& context, const CompareFlags& flags,
                         const CompareRequest& request) {
  if (request.budget) {
    BB_RETURN_IF_ERROR(ShowAtEqual(context, flags, request));
    return static_cast<int>(kExitOk);
  }
  BB_ASSIGN_OR_RETURN(const auto comparison, Run(context, flags, request));
  PrintTable(CompareTable(comparison), context.print_options(), context.out());
  Summarise(context, comparison);
  return ExitCodeForComparison(comparison, request.policy);
}

void AddCompareFlags(CLI::App& verb, CompareFlags& flags) {
  verb.add_option("job_a", flags.first, "Job, or file that export wrote, to compare with")
      ->required();
  verb.add_option("job_b", flags.second, "Job or file that is compared");
  verb.add_option("--between", flags.between,
                  "Two operators of one job instead: FIRST,SECOND, e.g. matmul,monarch");
  verb.add_option("--equal", flags.equal,
                  "All operators of one job instead, in classes that spend about as much: "
                  "parameters, flops, bytes (memory and wire) or error");
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
      app.add_subcommand("compare", "Compare two jobs case by case, or operators of one");
  auto flags = std::make_shared<CompareFlags>();
  AddCompareFlags(*verb, *flags);
  verb->footer(
      "Example: basisbench compare baseline.jsonl 1m872wfk5d0kk00 --fail-on slower,invalid\n"
      "         basisbench compare 1m872w9d9wn1nyx --between matmul,monarch\n"
      "         basisbench compare 1m872w9d9wn1nyx --equal parameters\n\n"
      "ratio is the second median over the first; above 1 is slower. A case is SLOWER or FASTER "
      "only when\n"
      "the whole interval of the ratio is beyond the threshold. Intervals are wide enough for all "
      "cases to hold\n"
      "together with 95 %. With --equal a class is a power of two of MatMul's budget, from its "
      "1/sqrt(2) to its\n"
      "sqrt(2) times, or a decade of error; ratio is over MatMul, and medians have intervals of "
      "95 % each.");
  verb->callback([&context, flags] {
    context.action = [&context, flags]() -> int {
      const auto request = ReadFlags(*flags);
      if (!request.ok()) return context.FailUsage(request.status());
      const auto code = Show(context, *flags, *request);
      if (absl::IsFailedPrecondition(code.status())) return context.FailUsage(code.status());
      return code.ok() ? *code : context.Fail(code.status());
    };
  });
}

}  // namespace basisbench
