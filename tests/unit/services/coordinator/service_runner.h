// SPDX-License-Identifier: Apache-2.0
// What a runner would answer about cases, by rules that tests can foresee: `summa` uses a grid of
// one row unless another is asked for, monarch's blocks must divide d_in, a rank holds X.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "basisbench/v1/worker.pb.h"

namespace basisbench {

inline std::string GridRefusal(const v1::Case& item) {
  const std::vector<std::string> sides = absl::StrSplit(item.grid(), 'x');
  uint32_t rows = 0;
  uint32_t columns = 0;
  const bool good = sides.size() == 2 && absl::SimpleAtoi(sides[0], &rows) &&
                    absl::SimpleAtoi(sides[1], &columns) && rows * columns == item.ranks();
  return good ? "" : absl::StrCat("grid ", item.grid(), " is not ", item.ranks(), " ranks");
}

inline v1::CheckedCase AnswerTo(const v1::Case& item) {
  v1::CheckedCase answer;
  v1::Case resolved = item;
  if (item.sharding() == "summa") {
    if (item.grid().empty()) resolved.set_grid(absl::StrCat("1x", item.ranks()));
    answer.set_refusal(GridRefusal(resolved));
  }
  const auto blocks = item.operator_().parameters().find("blocks");
  int64_t value = 0;
  if (blocks != item.operator_().parameters().end() && absl::SimpleAtoi(blocks->second, &value) &&
      item.shape().d_in() % value != 0) {
    answer.set_refusal(absl::StrCat("blocks ", value, " do not divide ", item.shape().d_in()));
  }
  if (!answer.refusal().empty()) return answer;
  *answer.mutable_resolved() = resolved;
  answer.mutable_cost()->set_bytes_per_rank(item.shape().tokens() * item.shape().d_in() * 4);
  return answer;
}

inline v1::AttachRequest AnswerTo(const v1::CheckCases& check) {
  v1::AttachRequest message;
  v1::CasesChecked& checked = *message.mutable_checked();
  checked.set_check_id(check.check_id());
  for (const v1::Case& item : check.cases()) *checked.add_cases() = AnswerTo(item);
  return message;
}

}  // namespace basisbench
