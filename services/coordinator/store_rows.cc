// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_rows.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"

namespace basisbench {

int64_t ToNanos(absl::Time time) { return absl::ToUnixNanos(time); }

google::protobuf::Timestamp TimestampFromNanos(int64_t nanos) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(nanos / 1'000'000'000);
  timestamp.set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  return timestamp;
}

int64_t NanosFromTimestamp(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() * 1'000'000'000 + timestamp.nanos();
}

absl::StatusOr<v1::Job> JobFromRow(const Statement& row) {
  v1::Job job;
  job.set_id(row.Text(0));
  job.set_request_id(row.Text(1));
  job.set_state(static_cast<v1::JobState>(row.Int(2)));
  job.set_detail(row.Text(3));
  if (!job.mutable_spec()->ParseFromString(row.Text(4))) {
    return absl::DataLossError(
        absl::StrCat("store: the specification of job '", job.id(), "' is damaged"));
  }
  job.set_cases_total(row.Int(5));
  job.set_cases_done(row.Int(6));
  job.set_cases_ok(row.Int(7));
  job.set_cases_unsupported(row.Int(8));
  job.set_attempts(row.Int(9));
  for (absl::string_view worker : absl::StrSplit(row.Text(10), ' ', absl::SkipEmpty())) {
    job.add_workers(worker.data(), worker.size());
  }
  job.set_cancel_requested(row.Int(11) != 0);
  *job.mutable_submit_time() = TimestampFromNanos(row.Int(12));
  if (row.Int(13) != 0) *job.mutable_start_time() = TimestampFromNanos(row.Int(13));
  if (row.Int(14) != 0) *job.mutable_end_time() = TimestampFromNanos(row.Int(14));
  return job;
}

absl::StatusOr<std::optional<v1::Job>> FindJob(Database& database, const std::string& id) {
  BB_ASSIGN_OR_RETURN(Statement row, database.Prepare(absl::StrCat("SELECT ", kJobColumns,
                                                                   " FROM jobs WHERE id = ?")));
  BB_ASSIGN_OR_RETURN(const bool found, row.Bind(absl::string_view(id)).Step());
  if (!found) return std::nullopt;
  BB_ASSIGN_OR_RETURN(v1::Job job, JobFromRow(row));
  return job;
}

StoredRecord SplitRecord(const v1::CaseResult& result) {
  StoredRecord stored;
  v1::CaseResult slim = result;
  if (slim.has_timing()) {
    v1::Timing samples;
    samples.mutable_samples()->Swap(slim.mutable_timing()->mutable_samples());
    stored.samples = samples.SerializeAsString();
  }
  stored.record = slim.SerializeAsString();
  return stored;
}

absl::StatusOr<v1::CaseResult> JoinRecord(const std::string& record, const std::string& samples) {
  v1::CaseResult result;
  if (!result.ParseFromString(record)) return absl::DataLossError("store: a record is damaged");
  if (!samples.empty() && !result.mutable_timing()->MergeFromString(samples)) {
    return absl::DataLossError("store: the samples of a record are damaged");
  }
  return result;
}

std::string PrintGroups(const RankGroups& groups) {
  return absl::StrJoin(groups, " ", [](std::string* out, const auto& group) {
    absl::StrAppend(out, group.first, ":", group.second);
  });
}

RankGroups ParseGroups(absl::string_view text) {
  RankGroups groups;
  for (absl::string_view group : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(group, ':');
    uint32_t ranks = 0;
    uint32_t count = 0;
    if (absl::SimpleAtoi(parts.first, &ranks) && absl::SimpleAtoi(parts.second, &count))
      groups[ranks] = count;
  }
  return groups;
}

}  // namespace basisbench
