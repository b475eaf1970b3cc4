// SPDX-License-Identifier: Apache-2.0
// The columns of the result table, each with the cell it shows. Their keys are what scripts and
// `export --format csv` depend on: columns are added at the end of their group and never renamed.
#pragma once

#include <vector>

#include "basisbench/v1/result.pb.h"
#include "services/cli/derived.h"
#include "services/cli/table.h"

namespace basisbench {

// A record with what follows from it.
struct ResultEntry {
  const v1::CaseResult* result;
  Derived derived;
};

struct ResultColumn {
  Column column;
  Cell (*cell)(const ResultEntry&);
  // People see it only when some row has a value.
  bool where_measured = false;
};

const std::vector<ResultColumn>& ResultColumns();

// The median with its interval, for people only.
Cell MedianCell(const Derived& derived);

}  // namespace basisbench
