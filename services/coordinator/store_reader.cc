// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_reader.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/coordinator/store_changes.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {
namespace {

constexpr uint32_t kMaxPage = 1000;
constexpr uint32_t kDefaultJobs = 50;
constexpr uint32_t kDefaultResults = 100;
// Well under the message limit of the channel.
constexpr size_t kMaxPageBytes = 4 << 20;
// Jobs looked at for one page when labels filter them; a page may come out short, with a token.
constexpr int kMaxScanned = 5000;

absl::StatusOr<uint32_t> PageSize(uint32_t asked, uint32_t otherwise) {
  if (asked > kMaxPage) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", asked, " is more than ", kMaxPage));
  }
  return asked == 0 ? otherwise : asked;
}

bool HasLabels(const v1::Job& job, const google::protobuf::Map<std::string, std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = job.spec().labels().find(label.first);
    return found != job.spec().labels().end() && found->second == label.second;
  });
}

// Jobs with ids below `before`, newest first; all states when `state` is unspecified.
absl::StatusOr<std::vector<v1::Job>> JobsBefore(Database& database, v1::JobState state,
                                                const std::string& before, int64_t limit) {
  const bool any = state == v1::JOB_STATE_UNSPECIFIED;
  BB_ASSIGN_OR_RETURN(Statement select,
                      database.Prepare(absl::StrCat("SELECT ", kJobColumns, " FROM jobs WHERE ",
                                                    any ? "" : "state = ? AND ",
                                                    "id < ? ORDER BY id DESC LIMIT ?")));
  if (!any) select.Bind(int64_t{state});
  select.Bind(absl::string_view(before)).Bind(limit);
  std::vector<v1::Job> jobs;
  while (true) {
    BB_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return jobs;
    BB_ASSIGN_OR_RETURN(v1::Job job, JobFromRow(select));
    jobs.push_back(std::move(job));
  }
}

// One step of a listing: the newest jobs before `before` in any of the states, at most `limit`.
absl::StatusOr<std::vector<v1::Job>> NextJobs(Database& database,
                                              const std::set<v1::JobState>& states,
                                              const std::string& before, size_t limit) {
  std::vector<v1::Job> jobs;
  for (v1::JobState state : states) {
    BB_ASSIGN_OR_RETURN(std::vector<v1::Job> some,
                        JobsBefore(database, state, before, static_cast<int64_t>(limit)));
    std::move(some.begin(), some.end(), std::back_inserter(jobs));
  }
  std::sort(jobs.begin(), jobs.end(),
            [](const v1::Job& a, const v1::Job& b) { return a.id() > b.id(); });
  if (jobs.size() > limit) jobs.resize(limit);
  return jobs;
}

absl::StatusOr<v1::WatchJobResponse> EventFromRow(const Statement& row, const v1::Job& job) {
  v1::WatchJobResponse event;
  event.set_sequence(row.Int(0));
  if (!row.IsNull(1)) {
    if (!event.mutable_job()->ParseFromString(row.Text(1)))
      return absl::DataLossError("store: an event is damaged");
    *event.mutable_job()->mutable_spec() = job.spec();
    return event;
  }
  BB_ASSIGN_OR_RETURN(*event.mutable_result(), JoinRecord(row.Text(2), ""));
  return event;
}

}  // namespace

absl::StatusOr<v1::Job> ReadJob(Database& database, const std::string& id) {
  BB_ASSIGN_OR_RETURN(std::optional<v1::Job> job, FindJob(database, id));
  if (!job.has_value()) return absl::NotFoundError(absl::StrCat("no job '", id, "'"));
  return *std::move(job);
}

absl::StatusOr<std::string> ReadJobOfRequest(Database& database, const std::string& request_id) {
  BB_ASSIGN_OR_RETURN(Statement select,
                      database.Prepare("SELECT id FROM jobs WHERE request_id = ?"));
  BB_ASSIGN_OR_RETURN(const bool found, select.Bind(absl::string_view(request_id)).Step());
  return found ? select.Text(0) : std::string();
}

absl::StatusOr<v1::ListJobsResponse> ReadJobs(Database& database,
                                              const v1::ListJobsRequest& request) {
  BB_ASSIGN_OR_RETURN(const uint32_t page_size, PageSize(request.page_size(), kDefaultJobs));
  std::set<v1::JobState> states;
  for (int i = 0; i < request.states_size(); ++i) {
    const v1::JobState state = request.states(i);
    if (!v1::JobState_IsValid(state) || state == v1::JOB_STATE_UNSPECIFIED) {
      return absl::InvalidArgumentError(
          absl::StrCat("states[", i, "]: ", state, " is not a state of a job"));
    }
    states.insert(state);
  }
  if (states.empty()) states.insert(v1::JOB_STATE_UNSPECIFIED);
  // Ids are lower-case letters and digits: '~' sorts after all of them.
  std::string before = request.page_token().empty() ? "~" : request.page_token();
  v1::ListJobsResponse response;
  size_t bytes = 0;
  for (int scanned = 0; scanned < kMaxScanned;) {
    BB_ASSIGN_OR_RETURN(const std::vector<v1::Job> jobs,
                        NextJobs(database, states, before, page_size));
    for (const v1::Job& job : jobs) {
      const size_t size = job.ByteSizeLong();
      if (response.jobs_size() > 0 &&
          (response.jobs_size() >= static_cast<int>(page_size) || bytes + size > kMaxPageBytes)) {
        response.set_next_page_token(before);
        return response;
      }
      before = job.id();
      if (!HasLabels(job, request.labels())) continue;
      bytes += size;
      *response.add_jobs() = job;
    }
    if (jobs.size() < page_size) return response;
    scanned += static_cast<int>(jobs.size());
  }
  response.set_next_page_token(before);
  return response;
}

absl::StatusOr<v1::ListResultsResponse> ReadResults(Database& database,
                                                    const v1::ListResultsRequest& request) {
  BB_ASSIGN_OR_RETURN(const uint32_t page_size, PageSize(request.page_size(), kDefaultResults));
  int64_t from = 0;
  if (!request.page_token().empty() &&
      (!absl::SimpleAtoi(request.page_token(), &from) || from < 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "page_token: '", request.page_token().substr(0, 40), "' is not one this service made"));
  }
  BB_RETURN_IF_ERROR(ReadJob(database, request.job_id()).status());
  BB_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare("SELECT case_index, record, samples FROM results "
                       "WHERE job_id = ? AND case_index >= ? ORDER BY case_index LIMIT ?"));
  select.Bind(absl::string_view(request.job_id())).Bind(from).Bind(int64_t{page_size} + 1);
  v1::ListResultsResponse response;
  size_t bytes = 0;
  while (true) {
    BB_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return response;
    const std::string record = select.Text(1);
    const std::string samples = request.omit_samples() ? std::string() : select.Text(2);
    bytes += record.size() + samples.size();
    const bool full =
        response.results_size() >= static_cast<int>(page_size) || bytes > kMaxPageBytes;
    if (full && response.results_size() > 0) {
      response.set_next_page_token(absl::StrCat(select.Int(0)));
      return response;
    }
    BB_ASSIGN_OR_RETURN(*response.add_results(), JoinRecord(record, samples));
  }
}

absl::StatusOr<std::vector<v1::WatchJobResponse>> ReadJobEvents(Database& database,
                                                                const std::string& id,
                                                                uint64_t after, int limit) {
  BB_ASSIGN_OR_RETURN(const v1::Job job, ReadJob(database, id));
  BB_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare("SELECT e.sequence, e.job, r.record FROM events e LEFT JOIN results r "
                       "ON r.job_id = e.job_id AND r.case_index = e.case_index "
                       "WHERE e.job_id = ? AND e.sequence > ? ORDER BY e.sequence LIMIT ?"));
  const uint64_t bounded = std::min<uint64_t>(after, INT64_MAX);
  select.Bind(absl::string_view(id)).Bind(static_cast<int64_t>(bounded)).Bind(int64_t{limit});
  std::vector<v1::WatchJobResponse> events;
  while (true) {
    BB_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return events;
    BB_ASSIGN_OR_RETURN(v1::WatchJobResponse event, EventFromRow(select, job));
    events.push_back(std::move(event));
  }
}

absl::StatusOr<std::map<v1::JobState, int64_t>> ReadJobCounts(Database& database) {
  BB_ASSIGN_OR_RETURN(Statement select,
                      database.Prepare("SELECT state, COUNT(*) FROM jobs GROUP BY state"));
  std::map<v1::JobState, int64_t> counts;
  while (true) {
    BB_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return counts;
    counts[static_cast<v1::JobState>(select.Int(0))] = select.Int(1);
  }
}

absl::StatusOr<std::vector<ActiveJob>> ReadActiveJobs(Database& database) {
  BB_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare(
          "SELECT id, state, priority, submit_ns, losses, max_attempts, cancel_requested, groups, "
          "cases_done - cases_unsupported, attempts, spec FROM jobs WHERE state IN (1, 2) ORDER BY "
          "id"));
  std::vector<ActiveJob> jobs;
  std::vector<size_t> partly_done;
  while (true) {
    BB_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) break;
    ActiveJob job;
    job.id = select.Text(0);
    job.state = static_cast<v1::JobState>(select.Int(1));
    job.priority = static_cast<int32_t>(select.Int(2));
    job.submit_ns = select.Int(3);
    job.losses = static_cast<uint32_t>(select.Int(4));
    job.max_attempts = static_cast<uint32_t>(select.Int(5));
    job.cancel_requested = select.Int(6) != 0;
    job.remaining = ParseGroups(select.Text(7));
    job.attempts = static_cast<uint32_t>(select.Int(9));
    v1::JobSpec spec;
    if (!spec.ParseFromString(select.Text(10))) {
      return absl::DataLossError(
          absl::StrCat("store: the specification of job '", job.id, "' is damaged"));
    }
    // Empty in jobs of a build that knew one backend.
    if (!spec.backend().empty()) job.backend = spec.backend();
    if (select.Int(8) > 0) partly_done.push_back(jobs.size());
    jobs.push_back(std::move(job));
  }
  for (size_t index : partly_done) {
    BB_ASSIGN_OR_RETURN(const std::vector<v1::Case> remaining,
                        LoadRemaining(database, jobs[index].id));
    jobs[index].remaining.clear();
    for (const v1::Case& item : remaining) ++jobs[index].remaining[item.ranks()];
  }
  return jobs;
}

absl::StatusOr<std::vector<RunningAttempt>> ReadRunningAttempts(Database& database) {
  BB_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare("SELECT prepare, ranks FROM attempts WHERE end_ns = 0 ORDER BY id"));
  std::vector<RunningAttempt> attempts;
  while (true) {
    BB_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return attempts;
    RunningAttempt attempt;
    if (!attempt.prepare.ParseFromString(select.Text(0))) {
      return absl::DataLossError("store: an attempt is damaged");
    }
    attempt.ranks = static_cast<uint32_t>(select.Int(1));
    attempts.push_back(std::move(attempt));
  }
}

absl::StatusOr<v1::OperatorCatalogue> ReadOperators(Database& database) {
  BB_ASSIGN_OR_RETURN(Statement select,
                      database.Prepare("SELECT info FROM operators ORDER BY name"));
  v1::OperatorCatalogue catalogue;
  while (true) {
    BB_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return catalogue;
    if (!catalogue.add_operators()->ParseFromString(select.Text(0))) {
      return absl::DataLossError("store: the catalogue of operators is damaged");
    }
  }
}

}  // namespace basisbench
