// SPDX-License-Identifier: Apache-2.0
// validate: what a job would run, what each case is declared to cost, and whether it fits; nothing
// is queued.
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/cli/spec_text.h"
#include "services/cli/submission.h"
#include "services/cli/table.h"
#include "services/cli/units.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

std::string HumanFlops(double flops) {
  const std::string rate = HumanFlopRate(flops);
  return rate.substr(0, rate.size() - 2);  // without "/s"
}

Table CaseTable(const v1::SubmitJobResponse& response) {
  Table table{.columns = {{"index", Audience::kAll, true},
                          {"operator"},
                          {"sharding"},
                          {"site"},
                          {"shape"},
                          {"dtype"},
                          {"ranks", Audience::kAll, true},
                          {"flops_executed", Audience::kAll, true, "EXECUTED"},
                          {"flops_effective", Audience::kAll, true, "EFFECTIVE"},
                          {"bytes_min", Audience::kAll, true, "MEMORY(MODEL)"},
                          {"bytes_per_rank", Audience::kAll, true, "ALLOCATED/RANK"},
                          {"wire_bytes_total", Audience::kAll, true, "WIRE"},
                          {"wire_messages_total", Audience::kWide, true},
                          {"refusal"},
                          {"sharding_choices", Audience::kWide}},
              .rows = {},
              .empty = "the job expands to no case",
              .name_column = 1};
  for (const v1::CheckedCase& checked : response.cases()) {
    const v1::Case& c = checked.resolved();
    const v1::Cost& cost = checked.cost();
    auto number = [&](double value, std::string (*text)(double)) {
      return checked.has_cost() ? Cell(Json(value), text(value)) : Cell();
    };
    table.rows.push_back(
        {{Json(checked.index()), Json(OperatorText(c.operator_())), Json(c.sharding()),
          Json(c.site()), Json(checked.has_resolved() ? ShapeText(c.shape()) : ""), Json(c.dtype()),
          checked.has_resolved() ? Cell(Json(c.ranks())) : Cell(),
          number(cost.flops_executed(), HumanFlops), number(cost.flops_effective(), HumanFlops),
          number(cost.bytes_min(), HumanBytes),
          number(static_cast<double>(cost.bytes_per_rank()), HumanBytes),
          number(static_cast<double>(cost.wire_bytes_total()), HumanBytes),
          checked.has_cost() ? Cell(Json(cost.wire_messages_total())) : Cell(),
          Json(checked.refusal()), Json(ShardingChoicesText(checked.sharding_choices()))},
         ""});
  }
  return table;
}

}  // namespace

void AddValidateVerb(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("validate", "Show the cases, costs and fit of a job; queue nothing");
  auto flags = std::make_shared<JobFlags>();
  AddJobFlags(*verb, *flags);
  verb->footer(
      "Example: basisbench validate -f sweep.yaml\n"
      "         basisbench validate -f sweep.yaml --backend cuda_mpi");
  verb->callback([&context, flags] {
    context.action = [&context, flags] {
      const auto response = Submit(context, *flags, /*validate_only=*/true);
      if (!response.ok()) return context.Fail(response.status());
      PrintTable(CaseTable(*response), context.print_options(), context.out());
      int refused = 0;
      for (const v1::CheckedCase& checked : response->cases())
        refused += !checked.refusal().empty();
      context.Say(absl::StrCat(response->cases_size(), " cases, ", refused, " unsupported",
                               response->fit().empty() ? "" : "; ", response->fit()));
      const bool nothing_runs = refused == response->cases_size() && refused > 0;
      return static_cast<int>(nothing_runs ? kExitInvalidSpec : kExitOk);
    };
  });
}

}  // namespace basisbench
