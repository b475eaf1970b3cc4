// SPDX-License-Identifier: Apache-2.0
// The changes the store knows, each one step inside a transaction of StoreWriter: they run on its
// thread, may be run again after a roll-back, and keep the counters and the event history of a job
// in step with what they change. Every function that touches a job appends its events; callers wake
// the watchers after the commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/operator.pb.h"
#include "basisbench/v1/result.pb.h"
#include "basisbench/v1/worker.pb.h"
#include "services/coordinator/sqlite.h"
#include "services/coordinator/store.h"

namespace basisbench {

// A job to be inserted.
struct NewJob {
  v1::Job job;  // id, spec, request_id and submit_time set
  std::vector<v1::Case> cases;
  std::vector<v1::CaseResult> unsupported;  // records that exist from the start
};

// Returns the stored job: the new one, or the one an earlier call with the same request_id made.
absl::StatusOr<v1::Job> InsertJob(Database& database, const NewJob& new_job);

// What became of a record.
struct Recorded {
  bool inserted = false;  // false: the case had a record already, or the job has ended or is gone
  uint32_t ranks = 0;     // world size of the case
};

// Appends a record unless the case has one. INVALID_ARGUMENT when the job has no such case.
absl::StatusOr<Recorded> AppendResult(Database& database, const v1::CaseResult& result);

// What an attempt has to do.
struct AttemptWork {
  v1::Job job;
  std::vector<v1::Case> cases;  // of the attempt's world size, without a record
};

// Marks the job RUNNING and stores the attempt. FAILED_PRECONDITION when the job has ended
// meanwhile.
absl::StatusOr<AttemptWork> BeginAttempt(Database& database, const RunningAttempt& attempt,
                                         int64_t now_ns);

// Marks the attempt ended; without effect when it had ended.
absl::Status EndAttempt(Database& database, const std::string& attempt_id, v1::AttemptEnd ending,
                        const std::string& detail, int64_t now_ns);

// Nullopt when there is none of that id.
absl::StatusOr<std::optional<RunningAttempt>> FindAttempt(Database& database,
                                                          const std::string& attempt_id);

// A record the runner could not write itself, because it ended while it executed the case.
struct CaseFailure {
  std::string job_id;
  std::string attempt_id;
  uint32_t case_index = 0;
  v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
  std::string detail;
  int64_t now_ns = 0;
};
// Without effect when the case has a record. `written` receives the record.
absl::StatusOr<Recorded> AppendFailure(Database& database, const CaseFailure& failure,
                                       v1::CaseResult& written);

// Puts a running job back into the queue; `lost` counts the attempt against max_attempts.
absl::StatusOr<v1::Job> RequeueJob(Database& database, const std::string& job_id,
                                   const std::string& detail, bool lost);

// Ends a job. Cases without a record get one of `outcome`; without `outcome` there must be none
// left, and the state is SUCCEEDED or FAILED by the records. Without effect when it had ended.
struct JobEnding {
  std::optional<v1::Outcome> outcome;
  v1::JobState state = v1::JOB_STATE_UNSPECIFIED;  // with `outcome`
  std::string detail;
};
absl::StatusOr<v1::Job> EndJob(Database& database, const std::string& job_id,
                               const JobEnding& ending, int64_t now_ns);

// Notes that cancellation was asked for. FAILED_PRECONDITION when the job has ended.
absl::StatusOr<v1::Job> RequestCancel(Database& database, const std::string& job_id);

// FAILED_PRECONDITION while the job is queued or running.
absl::Status DeleteJob(Database& database, const std::string& job_id);

// Replaces the catalogue of operators.
absl::Status SaveOperators(Database& database, const v1::OperatorCatalogue& catalogue);

// Every case of a job. NOT_FOUND when there is no such job.
absl::StatusOr<std::vector<v1::Case>> LoadCases(Database& database, const std::string& job_id);
// Those without a record.
absl::StatusOr<std::vector<v1::Case>> LoadRemaining(Database& database, const std::string& job_id);

// True for states a job never leaves.
bool IsEnded(v1::JobState state);

}  // namespace basisbench
