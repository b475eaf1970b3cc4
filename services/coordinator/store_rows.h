// SPDX-License-Identifier: Apache-2.0
// How rows become messages and back; shared by the reading and the writing half of the store. Pure
// but for the database handed in.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/result.pb.h"
#include "services/coordinator/sqlite.h"
#include "services/coordinator/store.h"

namespace basisbench {

// Columns of `jobs` in the order JobFromRow expects.
inline constexpr char kJobColumns[] =
    "id, request_id, state, detail, spec, cases_total, cases_done, cases_ok, cases_unsupported, "
    "attempts, workers, "
    "cancel_requested, submit_ns, start_ns, end_ns";

absl::StatusOr<v1::Job> JobFromRow(const Statement& row);

// Nullopt when there is none of that id.
absl::StatusOr<std::optional<v1::Job>> FindJob(Database& database, const std::string& id);

// The record as stored: without raw samples, which go to `samples`.
struct StoredRecord {
  std::string record;
  std::string samples;
};
StoredRecord SplitRecord(const v1::CaseResult& result);
// DATA_LOSS when the bytes are not a record.
absl::StatusOr<v1::CaseResult> JoinRecord(const std::string& record, const std::string& samples);

// "1:4 2:4".
std::string PrintGroups(const RankGroups& groups);
RankGroups ParseGroups(absl::string_view text);

int64_t ToNanos(absl::Time time);
google::protobuf::Timestamp TimestampFromNanos(int64_t nanos);
int64_t NanosFromTimestamp(const google::protobuf::Timestamp& timestamp);

}  // namespace basisbench
