// SPDX-License-Identifier: Apache-2.0
// Which cases of a sweep cannot run on the workers that are there, and whether the sweep is worth
// queueing at all. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/operator.pb.h"
#include "services/coordinator/catalogue.h"
#include "services/coordinator/expansion.h"

namespace basisbench {

// INVALID_ARGUMENT naming spec.backend when no worker offers it, with what is offered, or with what
// it was probably meant to be. Without workers nothing is known, and no existing backend is
// refused.
absl::Status CheckBackend(const std::string& backend, const std::vector<std::string>& offered);

// INVALID_ARGUMENT naming the entry of spec.ranks that no gang of these workers could hold. Without
// workers nothing is known, and nothing is refused.
absl::Status CheckRanksFit(const v1::JobSpec& spec, absl::Span<const WorkerCapacity> workers);

// Whether the workers have so many slots; true when nothing is known of them.
bool HaveSlots(uint32_t ranks, absl::Span<const WorkerCapacity> workers);

// Why no gang of these workers has the memory for the case; empty when one has.
std::string MemoryRefusal(const v1::Case& item, const v1::Cost& cost,
                          absl::Span<const WorkerCapacity> workers);

// INVALID_ARGUMENT naming the first operator of the specification that has no case without a
// refusal, with one of the reasons: a job that cannot answer what was asked is not queued.
absl::Status CheckEachOperatorRuns(const v1::JobSpec& spec,
                                   absl::Span<const ExpandedCase> expanded);

}  // namespace basisbench
