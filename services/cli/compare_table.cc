// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "absl/strings/str_format.h"
#include "services/cli/compare.h"
#include "services/cli/derived.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {

std::string RatioText(double ratio) {
  return ratio < 1 ? absl::StrFormat("%.3gx", ratio) : HumanRatio(ratio);
}

Table CompareTable(const Comparison& comparison) {
  // Between runs the second operator is the first, and people need not read it twice.
  const bool operators =
      std::any_of(comparison.pairs.begin(), comparison.pairs.end(), [](const Compared& pair) {
        return OperatorText(pair.first.case_().operator_()) !=
               OperatorText(pair.second.case_().operator_());
      });
  const Audience second = operators ? Audience::kAll : Audience::kMachine;
  Table table{.columns = {{"operator"},
                          {"sharding"},
                          {"second_operator", second, false, "SECOND OPERATOR"},
                          {"second_sharding", second, false, "SHARDING"},
                          {"site"},
                          {"shape"},
                          {"dtype"},
                          {"cache", Audience::kWide},
                          {"ranks", Audience::kAll, true},
                          {"first_median_seconds", Audience::kAll, true, "FIRST"},
                          {"second_median_seconds", Audience::kAll, true, "SECOND"},
                          {"ratio", Audience::kAll, true},
                          {"ratio_low", Audience::kAll, true, "LOW"},
                          {"ratio_high", Audience::kAll, true, "HIGH"},
                          {"paired", Audience::kWide},
                          {"verdict"},
                          {"first_outcome", Audience::kWide},
                          {"second_outcome", Audience::kWide}},
              .rows = {},
              .empty = ""};
  auto number = [](const std::optional<double>& value, std::string (*text)(double)) {
    return value ? Cell(Json(*value), text(*value)) : Cell();
  };
  for (const Compared& pair : comparison.pairs) {
    const v1::Case& c = pair.first.case_();
    const v1::Case& other = pair.second.case_();
    table.rows.push_back(
        {{Json(OperatorText(c.operator_())), Cell(Json(c.sharding()), ShardingText(c)),
          Json(OperatorText(other.operator_())), Cell(Json(other.sharding()), ShardingText(other)),
          Json(c.site()), Json(ShapeText(c.shape())), Json(c.dtype()), Json(c.cache()),
          Json(c.ranks()), number(Derive(pair.first).median_seconds, HumanSeconds),
          number(Derive(pair.second).median_seconds, HumanSeconds), number(pair.ratio, RatioText),
          number(pair.ratio_low, RatioText), number(pair.ratio_high, RatioText), Json(pair.paired),
          Json(pair.verdict), Json(OutcomeName(pair.first.outcome())),
          Json(OutcomeName(pair.second.outcome()))},
         ""});
  }
  return table;
}

}  // namespace basisbench
