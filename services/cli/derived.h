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
  // By hardware counters.
  std::optional<double> memory_bytes_measured;
  // Counted by the communicator where the case ran, declared otherwise; sum over ranks per
  // iteration.
  std::optional<int64_t> wire_bytes;
  std::optional<int64_t> wire_messages;
  // What the most loaded rank sent, as counted, and its ratio to the best known lower bound.
  std::optional<int64_t> wire_bytes_max_rank;
  std::optional<double> wire_bound_ratio;
  // Executed FLOP/s over the measured GEMM roof, and model bytes per second over the measured copy
  // roof.
  std::optional<double> gemm_roof_fraction;
  std::optional<double> copy_roof_fraction;
  // The larger of the two, and which it is ("gemm", "copy").
  std::optional<double> roof_fraction;
  std::string roof;
  // Bytes of the most loaded rank per second of the whole iteration over the measured wire roof.
  std::optional<double> wire_roof_fraction;
  std::optional<double> compute_seconds;
  std::optional<double> communication_seconds;
  std::optional<double> overlap_ratio;
  std::optional<double> energy_joules;
  std::optional<double> expressiveness;
  std::optional<double> relative_error;
  // "BASELINE", the recorded verdict, "INVALID" for wrong results, or empty when there is nothing
  // to say.
  std::string verdict;
  std::optional<double> speedup;
  std::optional<double> speedup_low;
  std::optional<double> speedup_high;
};

Derived Derive(const v1::CaseResult& result);

// One collective of a case as its most loaded rank counted it, per iteration.
struct CollectiveRate {
  std::string collective;
  int64_t calls = 0;
  int64_t bytes_sent = 0;
  int64_t messages_sent = 0;
  std::optional<double> seconds;
  // Payload over time, and that times the factor of the collective: 2(P-1)/P for all_reduce,
  // (P-1)/P for all_gather, reduce_scatter and all_to_all, 1 for send_recv. Absent for broadcast,
  // whose payload cannot be told from what one rank of a tree sends.
  std::optional<double> algbw_bytes_per_second;
  std::optional<double> busbw_bytes_per_second;
};
std::vector<CollectiveRate> DeriveCollectives(const v1::CaseResult& result);

// "OK", "INVALID_RESULT", ...
std::string OutcomeName(v1::Outcome outcome);
// "QUEUED", "SUCCEEDED", ...
std::string StateName(v1::JobState state);
bool IsEnded(v1::JobState state);

// What the shell is told about an ended job: a wrong result outweighs every other failure.
int ExitCodeForJob(const v1::Job& job, const std::vector<v1::CaseResult>& results);

}  // namespace basisbench
