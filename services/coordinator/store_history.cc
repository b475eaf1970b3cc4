// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_history.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {
namespace {

// Counts up and returns the sequence number of the job's next event.
absl::StatusOr<int64_t> NextSequence(Database& database, const std::string& id) {
  BB_ASSIGN_OR_RETURN(Statement update,
                      database.Prepare("UPDATE jobs SET last_sequence = last_sequence + 1 WHERE id "
                                       "= ? RETURNING last_sequence"));
  BB_ASSIGN_OR_RETURN(const bool found, update.Bind(absl::string_view(id)).Step());
  if (!found) return NoSuchJob(id);
  const int64_t sequence = update.Int(0);
  BB_RETURN_IF_ERROR(update.Run());
  return sequence;
}

// The specification never changes, so the history does not repeat it.
absl::Status AppendJobEvent(Database& database, const v1::Job& job) {
  BB_ASSIGN_OR_RETURN(const int64_t sequence, NextSequence(database, job.id()));
  v1::Job slim = job;
  slim.clear_spec();
  BB_ASSIGN_OR_RETURN(
      Statement insert,
      database.Prepare("INSERT INTO events(job_id, sequence, job) VALUES(?, ?, ?)"));
  return insert.Bind(absl::string_view(job.id()))
      .Bind(sequence)
      .BindBlob(slim.SerializeAsString())
      .Run();
}

}  // namespace

absl::Status NoSuchJob(const std::string& id) {
  return absl::NotFoundError(absl::StrCat("no job '", id, "'"));
}

absl::StatusOr<v1::Job> RequireJob(Database& database, const std::string& id) {
  BB_ASSIGN_OR_RETURN(std::optional<v1::Job> job, FindJob(database, id));
  if (!job.has_value()) return NoSuchJob(id);
  return *std::move(job);
}

absl::StatusOr<v1::Job> WithEvent(Database& database, const std::string& id) {
  BB_ASSIGN_OR_RETURN(v1::Job job, RequireJob(database, id));
  BB_RETURN_IF_ERROR(AppendJobEvent(database, job));
  return job;
}

absl::StatusOr<bool> InsertRecord(Database& database, const v1::CaseResult& result) {
  const StoredRecord stored = SplitRecord(result);
  const int64_t index = result.case_().index();
  {
    BB_ASSIGN_OR_RETURN(
        Statement insert,
        database.Prepare(
            "INSERT OR IGNORE INTO results(job_id, case_index, outcome, record, samples) "
            "VALUES(?, ?, ?, ?, ?)"));
    insert.Bind(absl::string_view(result.job_id())).Bind(index).Bind(int64_t{result.outcome()});
    BB_RETURN_IF_ERROR(insert.BindBlob(stored.record).BindBlob(stored.samples).Run());
    if (database.Changes() == 0) return false;
  }
  BB_ASSIGN_OR_RETURN(const int64_t sequence, NextSequence(database, result.job_id()));
  {
    BB_ASSIGN_OR_RETURN(
        Statement event,
        database.Prepare("INSERT INTO events(job_id, sequence, case_index) VALUES(?, ?, ?)"));
    BB_RETURN_IF_ERROR(
        event.Bind(absl::string_view(result.job_id())).Bind(sequence).Bind(index).Run());
  }
  BB_ASSIGN_OR_RETURN(
      Statement count,
      database.Prepare("UPDATE jobs SET cases_done = cases_done + 1, cases_ok = cases_ok + ?, "
                       "cases_unsupported = cases_unsupported + ? WHERE id = ?"));
  count.Bind(int64_t{result.outcome() == v1::OUTCOME_OK})
      .Bind(int64_t{result.outcome() == v1::OUTCOME_UNSUPPORTED});
  BB_RETURN_IF_ERROR(count.Bind(absl::string_view(result.job_id())).Run());
  return true;
}

}  // namespace basisbench
