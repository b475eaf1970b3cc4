// SPDX-License-Identifier: Apache-2.0
// Between the contract's messages and the plain values of operators, collectives and measure. Pure,
// thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "basisbench/v1/operator.pb.h"
#include "basisbench/v1/result.pb.h"
#include "workers/measure/statistics.h"
#include "workers/operators/operator.h"

namespace basisbench {

// Fills in what a hand-written case may leave out: direction, cache, input, backend, dtype.
void FillCaseDefaults(const std::string& backend, v1::Case* spec);

// INVALID_ARGUMENT naming the field and the value.
absl::StatusOr<Problem> ProblemOf(const v1::Case& spec);

// Writes the operator's own choices back into the case.
void EchoResolved(const Problem& resolved, v1::Case* spec);

v1::Cost CostMessage(const OperatorCost& cost);
v1::Summary SummaryMessage(const SampleSummary& summary);

// Appends the collectives that were called at least once. Seconds are set when `timed`.
void AppendTraffic(const TrafficTable& table, bool timed,
                   google::protobuf::RepeatedPtrField<v1::CollectiveTraffic>* out);

int64_t BytesSent(const TrafficTable& table);
int64_t MessagesSent(const TrafficTable& table);

// The table of the rank that sends most; empty when there is none.
TrafficTable MostLoaded(const std::vector<TrafficTable>& tables);

// "monarch{blocks=32}".
std::string OperatorLabel(const v1::OperatorSpec& spec);

// "monarch{blocks=32} 4096x768x768 f32".
std::string CaseLabel(const v1::Case& spec);

// One `basisbench run` command line that repeats the case.
std::string ReproduceCommand(const v1::Case& spec);

}  // namespace basisbench
