// SPDX-License-Identifier: Apache-2.0
// What is asked of the coordinator to predict the cases of records at other world sizes. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/result.pb.h"

namespace basisbench {

// "1024" or "64,1024". INVALID_ARGUMENT quotes what is no number of ranks.
absl::StatusOr<std::vector<uint32_t>> ParseRanks(const std::string& text);

// The comparison group of a case without its world size: those that meet there at one size meet at
// any.
std::string PlaceOf(const v1::Case& c);

// The distinct usable cases of the records at each of `ranks`, place by place; their group is the
// place, and the process grid is left to the operator.
std::vector<v1::Case> CasesAt(absl::Span<const v1::CaseResult> records,
                              const std::vector<uint32_t>& ranks);

// Asks for the declared cost of one case and queues nothing.
v1::SubmitJobRequest CostRequest(const v1::Case& c);

// The reason for which no operator of a request could run, without its place in the request.
std::string ShortRefusal(const std::string& message);

}  // namespace basisbench
