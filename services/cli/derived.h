// SPDX-License-Identifier: Apache-2.0
// Every figure that is computed from a record instead of read from it, in one place: tables, CSV
// and comparisons all show these. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/result.pb.h"

namespace basisbench {

// Absent means not measured, or not to be shown because the result was wrong.
struct Derived {
  // True only for a case that ended OK and passed validation: others take no part in any
  // comparison.
  bool rankable = false;
  std::optional<double> median_seconds;
  std::optional<double> median_ci_low_seconds;
  std::optional<double> median_ci_high_seconds;
  // Declared FLOPs over the median: what was executed, and what the dense product would have taken.
  std::optional<double> executed_flops_per_second;
  std::optional<double> effective_flops_per_second;
  // Compulsory traffic by formula (labelled `model`), over the whole gang.
  std::optional<double> memory_bytes_model;
  // Counted by the communicator where the case ran, declared otherwise; sum over ranks per
  // iteration.
  std::optional<int64_t> wire_bytes;
  // Executed FLOP/s over the measured GEMM roof, and model bytes per second over the measured copy
  // roof.
  std::optional<double> gemm_roof_fraction;
  std::optional<double> copy_roof_fraction;
  // The larger of the two, and which it is ("gemm", "copy").
  std::optional<double> roof_fraction;
  std::string roof;
  std::optional<double> relative_error;
  // "BASELINE", the recorded verdict, "INVALID" for wrong results, or empty when there is nothing
  // to say.
  std::string verdict;
  std::optional<double> speedup;
  std::optional<double> speedup_low;
  std::optional<double> speedup_high;
};

Derived Derive(const v1::CaseResult& result);

// "OK", "INVALID_RESULT", ...
std::string OutcomeName(v1::Outcome outcome);
// "QUEUED", "SUCCEEDED", ...
std::string StateName(v1::JobState state);
bool IsEnded(v1::JobState state);

// What the shell is told about an ended job: a wrong result outweighs every other failure.
int ExitCodeForJob(const v1::Job& job, const std::vector<v1::CaseResult>& results);

}  // namespace basisbench
