// SPDX-License-Identifier: Apache-2.0
// From a finished case to its durable record. On rank 0; pure but for the clock's end time.
#pragma once

#include <string>

#include "basisbench/v1/result.pb.h"
#include "workers/runner/case_run.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// What the records of an attempt have in common.
struct AttemptName {
  std::string job_id;
  std::string attempt_id;
  bool expressiveness = false;  // was asked for
};

// `baseline` is the group's dense MatMul, or nullptr; it may be `run` itself, which is then not
// compared.
v1::CaseResult BuildRecord(const RunContext& context, const MeasureOptions& options,
                           const AttemptName& attempt, const CaseRun& run, const CaseRun* baseline);

}  // namespace basisbench
