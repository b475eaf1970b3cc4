// SPDX-License-Identifier: Apache-2.0
// compare JOB_A JOB_B: what became faster or slower from the first to the second.
#include <algorithm>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/compare.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

struct CompareFlags {
  std::string first;
  std::string second;
  std::string threshold = "5%";
  bool fail_on_regression = false;
  bool force = false;
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

absl::StatusOr<std::vector<Compared>> Run(Client& client, const CompareFlags& flags,
                                          double threshold) {
  BB_ASSIGN_OR_RETURN(const auto first, client.ListResults(flags.first, true));
  BB_ASSIGN_OR_RETURN(const auto second, client.ListResults(flags.second, true));
  return Compare(first, second, {.threshold = threshold, .force = flags.force});
}

int Verdict(Context& context, const std::vector<Compared>& compared, bool fail_on_regression) {
  const auto count = [&](const char* verdict) {
    return std::count_if(compared.begin(), compared.end(),
                         [&](const Compared& pair) { return pair.verdict == verdict; });
  };
  context.Say(absl::StrCat(compared.size(), " cases: ", count("FASTER"), " faster, ", count("SAME"),
                           " same, ", count("SLOWER"), " slower, ", count("AMBIGUOUS"),
                           " ambiguous, ", count("INVALID"), " invalid"));
  if (!fail_on_regression) return kExitOk;
  const bool wrong = std::any_of(compared.begin(), compared.end(), [](const Compared& pair) {
    return pair.second.outcome() == v1::OUTCOME_INVALID_RESULT &&
           pair.first.outcome() == v1::OUTCOME_OK;
  });
  if (wrong) return kExitVerificationFailed;
  return count("SLOWER") > 0 ? kExitRegression : kExitOk;
}

}  // namespace

void AddCompareVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("compare", "Compare two jobs case by case");
  auto flags = std::make_shared<CompareFlags>();
  verb->add_option("job_a", flags->first, "Job to compare with")->required();
  verb->add_option("job_b", flags->second, "Job that is compared")->required();
  verb->add_option("--threshold", flags->threshold, "Difference that matters")
      ->capture_default_str();
  verb->add_flag("--fail-on-regression", flags->fail_on_regression,
                 "Exit 7 when a case became slower, 8 when one became wrong");
  verb->add_flag("--force", flags->force, "Compare runs of other methods, machines or rank counts");
  verb->footer(
      "Example: basisbench compare 1m872w9d9wn1nyx 1m872wfk5d0kk00 --fail-on-regression\n\n"
      "ratio is the second median over the first; above 1 is slower. A case is SLOWER or FASTER "
      "only when\n"
      "the whole interval of the ratio is beyond the threshold.");
  verb->callback([&context, flags] {
    context.action = [&context, flags]() -> int {
      const auto threshold = ParseThreshold(flags->threshold);
      if (!threshold.ok()) return context.FailUsage(threshold.status());
      const auto client = context.Connect();
      if (!client.ok()) return context.Fail(client.status());
      const auto compared = Run(**client, *flags, *threshold);
      if (absl::IsFailedPrecondition(compared.status())) {
        return context.FailUsage(compared.status());
      }
      if (!compared.ok()) return context.Fail(compared.status());
      PrintTable(CompareTable(*compared), context.print_options(), context.out());
      return Verdict(context, *compared, flags->fail_on_regression);
    };
  });
}

}  // namespace basisbench
