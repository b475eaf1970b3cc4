// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_schema.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// Step i brings version i to i + 1. A step that was released is never edited.
constexpr std::array<const char*, 1> kSteps = {R"sql(
CREATE TABLE jobs(
  id TEXT PRIMARY KEY,              -- sorts by time
  request_id TEXT UNIQUE,           -- NULL when the client sent none
  state INTEGER NOT NULL,           -- v1.JobState
  detail TEXT NOT NULL,
  priority INTEGER NOT NULL,
  spec BLOB NOT NULL,               -- v1.JobSpec, defaults filled in
  groups TEXT NOT NULL,             -- runnable cases by world size, "1:4 2:4"
  cases_total INTEGER NOT NULL,
  cases_done INTEGER NOT NULL,
  cases_ok INTEGER NOT NULL,
  cases_unsupported INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  losses INTEGER NOT NULL,          -- attempts that ended without fault of a case
  max_attempts INTEGER NOT NULL,
  workers TEXT NOT NULL,            -- space separated
  cancel_requested INTEGER NOT NULL,
  submit_ns INTEGER NOT NULL,
  start_ns INTEGER NOT NULL,        -- 0 before
  end_ns INTEGER NOT NULL,          -- 0 before
  last_sequence INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX jobs_by_state ON jobs(state, id);
CREATE TABLE cases(
  job_id TEXT PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE,
  cases BLOB NOT NULL               -- v1.CheckRequest
);
CREATE TABLE results(
  job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  case_index INTEGER NOT NULL,
  outcome INTEGER NOT NULL,         -- v1.Outcome
  record BLOB NOT NULL,             -- v1.CaseResult without raw samples
  samples BLOB NOT NULL,            -- v1.Timing with the raw samples only
  UNIQUE(job_id, case_index)
);
CREATE TABLE events(
  job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  case_index INTEGER,               -- NULL for a change of state
  job BLOB,                         -- v1.Job without spec, for a change of state
  PRIMARY KEY(job_id, sequence)
) WITHOUT ROWID;
CREATE TABLE attempts(
  id TEXT PRIMARY KEY,
  job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  ranks INTEGER NOT NULL,
  prepare BLOB NOT NULL,            -- v1.PrepareAttempt
  start_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL,          -- 0 while it runs
  ending INTEGER NOT NULL,          -- v1.AttemptEnd; 0 while it runs
  detail TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempts_by_job ON attempts(job_id);
CREATE INDEX attempts_running ON attempts(end_ns) WHERE end_ns = 0;
CREATE TABLE operators(
  name TEXT PRIMARY KEY,
  info BLOB NOT NULL                -- v1.OperatorInfo
) WITHOUT ROWID;
)sql"};

absl::StatusOr<int64_t> UserVersion(Database& database) {
  BB_ASSIGN_OR_RETURN(Statement statement, database.Prepare("PRAGMA user_version"));
  BB_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Int(0) : 0;
}

}  // namespace

int StoreSchemaVersion() { return static_cast<int>(kSteps.size()); }

absl::Status MigrateStore(Database& database) {
  BB_ASSIGN_OR_RETURN(int64_t version, UserVersion(database));
  if (version > StoreSchemaVersion()) {
    return absl::FailedPreconditionError(
        absl::StrCat("store has schema version ", version, "; this build knows up to ",
                     StoreSchemaVersion(), ": use the newer build"));
  }
  for (; version < StoreSchemaVersion(); ++version) {
    const absl::Status step = database.Execute(absl::StrCat(
        "BEGIN IMMEDIATE;", kSteps[version], "PRAGMA user_version=", version + 1, "; COMMIT;"));
    if (!step.ok()) {
      database.Rollback();
      return step;
    }
  }
  return absl::OkStatus();
}

}  // namespace basisbench
