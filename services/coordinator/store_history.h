// SPDX-License-Identifier: Apache-2.0
// What every change of a job shares: it appends to the job's history of events and keeps the
// counters of the row in step. Runs inside a transaction of StoreWriter, on its thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/result.pb.h"
#include "services/coordinator/sqlite.h"

namespace basisbench {

absl::Status NoSuchJob(const std::string& id);

// NOT_FOUND when there is none of that id.
absl::StatusOr<v1::Job> RequireJob(Database& database, const std::string& id);

// The job as it is now, after appending that to its history.
absl::StatusOr<v1::Job> WithEvent(Database& database, const std::string& id);

// Adds a record with its event, and counts it. False, and without effect, when the case has one.
absl::StatusOr<bool> InsertRecord(Database& database, const v1::CaseResult& result);

}  // namespace basisbench
