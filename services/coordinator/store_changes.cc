// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_changes.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/coordinator/store_history.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {
namespace {

RankGroups RunnableGroups(const NewJob& new_job) {
  RankGroups groups;
  for (const v1::Case& item : new_job.cases) ++groups[item.ranks()];
  for (const v1::CaseResult& result : new_job.unsupported) --groups[result.case_().ranks()];
  for (auto group = groups.begin(); group != groups.end();) {
    group = group->second == 0 ? groups.erase(group) : std::next(group);
  }
  return groups;
}

absl::Status InsertJobRow(Database& database, const NewJob& new_job) {
  const v1::Job& job = new_job.job;
  BB_ASSIGN_OR_RETURN(
      Statement insert,
      database.Prepare(
          "INSERT INTO jobs(id, request_id, state, detail, priority, spec, groups, cases_total, "
          "cases_done, cases_ok, cases_unsupported, attempts, losses, max_attempts, workers, "
          "cancel_requested, submit_ns, start_ns, end_ns, last_sequence) "
          "VALUES(?, ?, ?, '', ?, ?, ?, ?, 0, 0, 0, 0, 0, ?, '', 0, ?, 0, 0, 0)"));
  insert.Bind(absl::string_view(job.id()));
  if (job.request_id().empty()) {
    insert.BindNull();
  } else {
    insert.Bind(absl::string_view(job.request_id()));
  }
  insert.Bind(int64_t{v1::JOB_STATE_QUEUED}).Bind(int64_t{job.spec().priority()});
  insert.BindBlob(job.spec().SerializeAsString())
      .Bind(absl::string_view(PrintGroups(RunnableGroups(new_job))));
  insert.Bind(static_cast<int64_t>(new_job.cases.size())).Bind(int64_t{job.spec().max_attempts()});
  return insert.Bind(NanosFromTimestamp(job.submit_time())).Run();
}

absl::Status InsertCases(Database& database, const NewJob& new_job) {
  v1::CheckRequest list;
  for (const v1::Case& item : new_job.cases) *list.add_cases() = item;
  BB_ASSIGN_OR_RETURN(Statement insert,
                      database.Prepare("INSERT INTO cases(job_id, cases) VALUES(?, ?)"));
  return insert.Bind(absl::string_view(new_job.job.id())).BindBlob(list.SerializeAsString()).Run();
}

absl::StatusOr<std::string> JobOfRequest(Database& database, const std::string& request_id) {
  BB_ASSIGN_OR_RETURN(Statement select,
                      database.Prepare("SELECT id FROM jobs WHERE request_id = ?"));
  BB_ASSIGN_OR_RETURN(const bool found, select.Bind(absl::string_view(request_id)).Step());
  return found ? select.Text(0) : std::string();
}

absl::StatusOr<int64_t> CountOf(Database& database, const std::string& job_id,
                                v1::Outcome outcome) {
  BB_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare("SELECT COUNT(*) FROM results WHERE job_id = ? AND outcome = ?"));
  BB_ASSIGN_OR_RETURN(const bool row,
                      select.Bind(absl::string_view(job_id)).Bind(int64_t{outcome}).Step());
  return row ? select.Int(0) : 0;
}

std::string OutcomeWord(v1::Outcome outcome) {
  std::string name = v1::Outcome_Name(outcome).substr(sizeof("OUTCOME_") - 1);
  for (char& c : name) c = c == '_' ? ' ' : static_cast<char>(c - 'A' + 'a');
  return name;
}

// "2 of 12 cases did not end ok: 1 crashed, 1 timed out".
absl::StatusOr<std::string> DescribeFailures(Database& database, const v1::Job& job) {
  std::vector<std::string> parts;
  for (int i = v1::Outcome_MIN + 1; i <= v1::Outcome_MAX; ++i) {
    const auto outcome = static_cast<v1::Outcome>(i);
    if (outcome == v1::OUTCOME_OK || outcome == v1::OUTCOME_UNSUPPORTED) continue;
    BB_ASSIGN_OR_RETURN(const int64_t count, CountOf(database, job.id(), outcome));
    if (count > 0) parts.push_back(absl::StrCat(count, " ", OutcomeWord(outcome)));
  }
  const uint32_t bad = job.cases_total() - job.cases_ok() - job.cases_unsupported();
  return absl::StrCat(bad, " of ", job.cases_total(),
                      " cases did not end ok: ", absl::StrJoin(parts, ", "));
}

absl::Status FillMissing(Database& database, const std::string& job_id, v1::Outcome outcome,
                         const std::string& detail) {
  BB_ASSIGN_OR_RETURN(const std::vector<v1::Case> missing, LoadRemaining(database, job_id));
  v1::CaseResult result;
  result.set_job_id(job_id);
  result.set_outcome(outcome);
  result.set_detail(detail);
  for (const v1::Case& item : missing) {
    *result.mutable_case_() = item;
    BB_RETURN_IF_ERROR(InsertRecord(database, result).status());
  }
  return absl::OkStatus();
}

absl::Status SetState(Database& database, const std::string& id, v1::JobState state,
                      const std::string& detail) {
  BB_ASSIGN_OR_RETURN(Statement update,
                      database.Prepare("UPDATE jobs SET state = ?, detail = ? WHERE id = ?"));
  return update.Bind(int64_t{state})
      .Bind(absl::string_view(detail))
      .Bind(absl::string_view(id))
      .Run();
}

}  // namespace

bool IsEnded(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
         state == v1::JOB_STATE_CANCELLED;
}

absl::StatusOr<v1::Job> InsertJob(Database& database, const NewJob& new_job) {
  const v1::Job& job = new_job.job;
  if (!job.request_id().empty()) {
    BB_ASSIGN_OR_RETURN(const std::string existing, JobOfRequest(database, job.request_id()));
    if (!existing.empty()) return RequireJob(database, existing);
  }
  BB_RETURN_IF_ERROR(InsertJobRow(database, new_job));
  BB_RETURN_IF_ERROR(InsertCases(database, new_job));
  BB_RETURN_IF_ERROR(WithEvent(database, job.id()).status());
  for (const v1::CaseResult& result : new_job.unsupported) {
    BB_RETURN_IF_ERROR(InsertRecord(database, result).status());
  }
  return RequireJob(database, job.id());
}

absl::StatusOr<std::vector<v1::Case>> LoadCases(Database& database, const std::string& job_id) {
  BB_ASSIGN_OR_RETURN(Statement select,
                      database.Prepare("SELECT cases FROM cases WHERE job_id = ?"));
  BB_ASSIGN_OR_RETURN(const bool found, select.Bind(absl::string_view(job_id)).Step());
  if (!found) return NoSuchJob(job_id);
  v1::CheckRequest list;
  if (!list.ParseFromString(select.Text(0))) {
    return absl::DataLossError(absl::StrCat("store: the cases of job '", job_id, "' are damaged"));
  }
  return std::vector<v1::Case>(std::make_move_iterator(list.mutable_cases()->begin()),
                               std::make_move_iterator(list.mutable_cases()->end()));
}

absl::StatusOr<std::vector<v1::Case>> LoadRemaining(Database& database, const std::string& job_id) {
  BB_ASSIGN_OR_RETURN(std::vector<v1::Case> cases, LoadCases(database, job_id));
  absl::flat_hash_set<int64_t> done;
  BB_ASSIGN_OR_RETURN(Statement select,
                      database.Prepare("SELECT case_index FROM results WHERE job_id = ?"));
  select.Bind(absl::string_view(job_id));
  while (true) {
    BB_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) break;
    done.insert(select.Int(0));
  }
  cases.erase(std::remove_if(cases.begin(), cases.end(),
                             [&](const v1::Case& item) { return done.contains(item.index()); }),
              cases.end());
  return cases;
}

absl::StatusOr<Recorded> AppendResult(Database& database, const v1::CaseResult& result) {
  BB_ASSIGN_OR_RETURN(const std::optional<v1::Job> job, FindJob(database, result.job_id()));
  if (!job.has_value() || IsEnded(job->state())) return Recorded{};
  if (result.case_().index() >= job->cases_total()) {
    return absl::InvalidArgumentError(absl::StrCat("job '", job->id(), "' has ", job->cases_total(),
                                                   " cases; there is no case ",
                                                   result.case_().index()));
  }
  Recorded recorded;
  recorded.ranks = result.case_().ranks();
  BB_ASSIGN_OR_RETURN(recorded.inserted, InsertRecord(database, result));
  return recorded;
}

absl::StatusOr<AttemptWork> BeginAttempt(Database& database, const RunningAttempt& attempt,
                                         int64_t now_ns) {
  const std::string& job_id = attempt.prepare.job_id();
  BB_ASSIGN_OR_RETURN(const v1::Job before, RequireJob(database, job_id));
  if (IsEnded(before.state()))
    return absl::FailedPreconditionError(absl::StrCat("job '", job_id, "' has ended"));
  const std::string workers =
      absl::StrJoin(attempt.prepare.gang(), " ",
                    [](std::string* out, const v1::GangMember& m) { out->append(m.worker()); });
  {
    BB_ASSIGN_OR_RETURN(
        Statement insert,
        database.Prepare(
            "INSERT INTO attempts(id, job_id, ranks, prepare, start_ns, end_ns, ending, "
            "detail) VALUES(?, ?, ?, ?, ?, 0, 0, '')"));
    insert.Bind(absl::string_view(attempt.prepare.attempt_id())).Bind(absl::string_view(job_id));
    insert.Bind(int64_t{attempt.ranks}).BindBlob(attempt.prepare.SerializeAsString());
    BB_RETURN_IF_ERROR(insert.Bind(now_ns).Run());
  }
  {
    BB_ASSIGN_OR_RETURN(
        Statement update,
        database.Prepare(
            "UPDATE jobs SET state = ?, detail = '', attempts = attempts + 1, workers = ?, "
            "start_ns = CASE start_ns WHEN 0 THEN ? ELSE start_ns END WHERE id = ?"));
    update.Bind(int64_t{v1::JOB_STATE_RUNNING}).Bind(absl::string_view(workers)).Bind(now_ns);
    BB_RETURN_IF_ERROR(update.Bind(absl::string_view(job_id)).Run());
  }
  AttemptWork work;
  BB_ASSIGN_OR_RETURN(work.job, WithEvent(database, job_id));
  BB_ASSIGN_OR_RETURN(std::vector<v1::Case> remaining, LoadRemaining(database, job_id));
  for (v1::Case& item : remaining) {
    if (item.ranks() == attempt.ranks) work.cases.push_back(std::move(item));
  }
  return work;
}

absl::Status EndAttempt(Database& database, const std::string& attempt_id, v1::AttemptEnd ending,
                        const std::string& detail, int64_t now_ns) {
  BB_ASSIGN_OR_RETURN(Statement update,
                      database.Prepare("UPDATE attempts SET end_ns = ?, ending = ?, detail = ? "
                                       "WHERE id = ? AND end_ns = 0"));
  update.Bind(now_ns)
      .Bind(int64_t{ending})
      .Bind(absl::string_view(detail))
      .Bind(absl::string_view(attempt_id));
  return update.Run();
}

absl::StatusOr<std::optional<RunningAttempt>> FindAttempt(Database& database,
                                                          const std::string& attempt_id) {
  BB_ASSIGN_OR_RETURN(Statement select,
                      database.Prepare("SELECT prepare, ranks FROM attempts WHERE id = ?"));
  BB_ASSIGN_OR_RETURN(const bool found, select.Bind(absl::string_view(attempt_id)).Step());
  if (!found) return std::nullopt;
  RunningAttempt attempt;
  if (!attempt.prepare.ParseFromString(select.Text(0))) {
    return absl::DataLossError(absl::StrCat("store: attempt '", attempt_id, "' is damaged"));
  }
  attempt.ranks = static_cast<uint32_t>(select.Int(1));
  return attempt;
}

absl::StatusOr<Recorded> AppendFailure(Database& database, const CaseFailure& failure,
                                       v1::CaseResult& written) {
  BB_ASSIGN_OR_RETURN(std::vector<v1::Case> missing, LoadRemaining(database, failure.job_id));
  const auto found = std::find_if(missing.begin(), missing.end(), [&](const v1::Case& item) {
    return item.index() == failure.case_index;
  });
  if (found == missing.end()) return Recorded{};
  written.Clear();
  written.set_job_id(failure.job_id);
  *written.mutable_case_() = std::move(*found);
  written.set_attempt_id(failure.attempt_id);
  written.set_outcome(failure.outcome);
  written.set_detail(failure.detail);
  *written.mutable_end_time() = TimestampFromNanos(failure.now_ns);
  return AppendResult(database, written);
}

absl::StatusOr<v1::Job> RequeueJob(Database& database, const std::string& job_id,
                                   const std::string& detail, bool lost) {
  BB_ASSIGN_OR_RETURN(const v1::Job before, RequireJob(database, job_id));
  if (IsEnded(before.state())) return before;
  {
    BB_ASSIGN_OR_RETURN(Statement update,
                        database.Prepare("UPDATE jobs SET losses = losses + ? WHERE id = ?"));
    BB_RETURN_IF_ERROR(update.Bind(int64_t{lost}).Bind(absl::string_view(job_id)).Run());
  }
  BB_RETURN_IF_ERROR(SetState(database, job_id, v1::JOB_STATE_QUEUED, detail));
  return WithEvent(database, job_id);
}

absl::StatusOr<v1::Job> EndJob(Database& database, const std::string& job_id,
                               const JobEnding& ending, int64_t now_ns) {
  BB_ASSIGN_OR_RETURN(const v1::Job before, RequireJob(database, job_id));
  if (IsEnded(before.state())) return before;
  if (ending.outcome.has_value()) {
    BB_RETURN_IF_ERROR(FillMissing(database, job_id, *ending.outcome, ending.detail));
  }
  BB_ASSIGN_OR_RETURN(const v1::Job counted, RequireJob(database, job_id));
  const bool all_good = counted.cases_ok() + counted.cases_unsupported() == counted.cases_total();
  const v1::JobState state = ending.outcome.has_value() ? ending.state
                             : all_good                 ? v1::JOB_STATE_SUCCEEDED
                                                        : v1::JOB_STATE_FAILED;
  std::string detail = ending.detail;
  if (state == v1::JOB_STATE_FAILED && detail.empty()) {
    BB_ASSIGN_OR_RETURN(detail, DescribeFailures(database, counted));
  }
  BB_RETURN_IF_ERROR(SetState(database, job_id, state, detail));
  {
    BB_ASSIGN_OR_RETURN(Statement update,
                        database.Prepare("UPDATE jobs SET end_ns = ? WHERE id = ?"));
    BB_RETURN_IF_ERROR(update.Bind(now_ns).Bind(absl::string_view(job_id)).Run());
  }
  return WithEvent(database, job_id);
}

absl::StatusOr<v1::Job> RequestCancel(Database& database, const std::string& job_id) {
  BB_ASSIGN_OR_RETURN(const v1::Job before, RequireJob(database, job_id));
  if (IsEnded(before.state())) {
    return absl::FailedPreconditionError(absl::StrCat("job '", job_id, "' has ended already (",
                                                      v1::JobState_Name(before.state()), ")"));
  }
  if (before.cancel_requested()) return before;
  {
    BB_ASSIGN_OR_RETURN(Statement update,
                        database.Prepare("UPDATE jobs SET cancel_requested = 1 WHERE id = ?"));
    BB_RETURN_IF_ERROR(update.Bind(absl::string_view(job_id)).Run());
  }
  return WithEvent(database, job_id);
}

absl::Status DeleteJob(Database& database, const std::string& job_id) {
  BB_ASSIGN_OR_RETURN(const v1::Job job, RequireJob(database, job_id));
  if (!IsEnded(job.state())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "job '", job_id, "' is ", v1::JobState_Name(job.state()), "; cancel it first"));
  }
  BB_ASSIGN_OR_RETURN(Statement remove, database.Prepare("DELETE FROM jobs WHERE id = ?"));
  return remove.Bind(absl::string_view(job_id)).Run();
}

absl::Status SaveOperators(Database& database, const v1::OperatorCatalogue& catalogue) {
  {
    BB_ASSIGN_OR_RETURN(Statement clear, database.Prepare("DELETE FROM operators"));
    BB_RETURN_IF_ERROR(clear.Run());
  }
  for (const v1::OperatorInfo& info : catalogue.operators()) {
    BB_ASSIGN_OR_RETURN(
        Statement row,
        database.Prepare("INSERT OR REPLACE INTO operators(name, info) VALUES(?, ?)"));
    BB_RETURN_IF_ERROR(
        row.Bind(absl::string_view(info.name())).BindBlob(info.SerializeAsString()).Run());
  }
  return absl::OkStatus();
}

}  // namespace basisbench
