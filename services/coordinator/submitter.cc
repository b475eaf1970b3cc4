// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/submitter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/auto_sharding.h"
#include "services/base/status_macros.h"
#include "services/coordinator/case_fit.h"
#include "services/coordinator/job_id.h"
#include "services/coordinator/job_spec.h"
#include "services/coordinator/store_changes.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {

// One submission on its way. Touched by one step after the other.
struct Submitter::Submission {
  v1::JobSpec spec;
  std::string request_id;
  bool validate_only = false;
  ClusterView view;
  std::vector<ExpandedCase> expanded;
  std::vector<v1::CheckedCase> answers;  // one per expanded case
  std::vector<size_t> asked;             // positions that the present question covers
  Done done;
};

namespace {

// What the runner decided. The rest of its answer may be that of an equal case of another job.
void TakeChoices(const v1::Case& resolved, v1::Case& item) {
  *item.mutable_operator_() = resolved.operator_();
  *item.mutable_shape() = resolved.shape();
  item.set_grid(resolved.grid());
}

NewJob MakeJob(const v1::JobSpec& spec, const std::vector<ExpandedCase>& expanded,
               const std::vector<v1::CheckedCase>& answers, absl::Time now) {
  NewJob made;
  const google::protobuf::Timestamp time = TimestampFromNanos(ToNanos(now));
  made.job.set_id(NewJobId(now));
  *made.job.mutable_spec() = spec;
  *made.job.mutable_submit_time() = time;
  for (size_t i = 0; i < expanded.size(); ++i) {
    made.cases.push_back(expanded[i].item);
    if (expanded[i].refusal.empty()) continue;
    v1::CaseResult& record = made.unsupported.emplace_back();
    record.set_job_id(made.job.id());
    *record.mutable_case_() = expanded[i].item;
    record.set_outcome(v1::OUTCOME_UNSUPPORTED);
    record.set_detail(expanded[i].refusal);
    if (answers[i].has_cost()) *record.mutable_cost() = answers[i].cost();
    *record.mutable_start_time() = time;
    *record.mutable_end_time() = time;
  }
  return made;
}

ActiveJob MakeActive(const v1::Job& job, const NewJob& made) {
  ActiveJob active;
  active.id = job.id();
  active.state = v1::JOB_STATE_QUEUED;
  active.priority = job.spec().priority();
  active.submit_ns = NanosFromTimestamp(job.submit_time());
  active.max_attempts = job.spec().max_attempts();
  active.backend = job.spec().backend();
  for (const v1::Case& item : made.cases) ++active.remaining[item.ranks()];
  for (const v1::CaseResult& record : made.unsupported) {
    const auto group = active.remaining.find(record.case_().ranks());
    if (--group->second == 0) active.remaining.erase(group);
  }
  return active;
}

}  // namespace

void Submitter::Submit(const v1::SubmitJobRequest& request, Done done) {
  if (!request.request_id().empty() && !request.validate_only()) {
    const absl::StatusOr<std::string> known = parts_.store.FindByRequestId(request.request_id());
    if (known.ok() && !known->empty()) {
      absl::StatusOr<v1::Job> job = parts_.store.GetJob(*known);
      if (!job.ok()) return done(job.status());
      v1::SubmitJobResponse response;
      *response.mutable_job() = *std::move(job);
      return done(std::move(response));
    }
  }
  absl::StatusOr<Shared> submission = Prepare(request);
  if (!submission.ok()) {
    if (!request.validate_only()) parts_.probe.JobRefused(submission.status());
    return done(submission.status());
  }
  (*submission)->done = std::move(done);
  Check(*submission);
}

absl::StatusOr<Submitter::Shared> Submitter::Prepare(const v1::SubmitJobRequest& request) {
  auto submission = std::make_shared<Submission>();
  submission->spec = request.spec();
  submission->request_id = request.request_id();
  submission->validate_only = request.validate_only();
  BB_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  BB_RETURN_IF_ERROR(CompleteSpec(submission->spec));
  submission->view = parts_.director.View(submission->spec.backend());
  if (submission->view.catalogue->operators.empty()) {
    return absl::UnavailableError(
        "no worker has attached yet, so no operator is known; start a worker and try again");
  }
  BB_RETURN_IF_ERROR(CheckBackend(submission->spec.backend(), submission->view.backends));
  BB_ASSIGN_OR_RETURN(submission->expanded, Expand(submission->spec, *submission->view.catalogue,
                                                   parts_.presets, parts_.max_cases));
  // What a case costs at a world size nobody has can be asked, though not run.
  if (!submission->validate_only) {
    BB_RETURN_IF_ERROR(CheckRanksFit(submission->spec, *submission->view.workers));
  }
  submission->answers.resize(submission->expanded.size());
  return submission;
}

void Submitter::Check(const Shared& submission) {
  std::vector<v1::Case> cases;
  for (size_t i = 0; i < submission->expanded.size(); ++i) {
    submission->answers[i].set_index(static_cast<uint32_t>(i));
    if (!submission->expanded[i].refusal.empty()) continue;
    cases.push_back(submission->expanded[i].item);
    submission->asked.push_back(i);
  }
  parts_.checker.Check(submission->view.checker, cases, parts_.clock.Now(),
                       [this, submission](absl::StatusOr<std::vector<v1::CheckedCase>> answers) {
                         if (!answers.ok()) return Finish(*submission, answers.status());
                         for (size_t i = 0; i < answers->size(); ++i)
                           submission->answers[submission->asked[i]] = std::move((*answers)[i]);
                         CheckGrid(submission);
                       });
}

// Asks again, with the grid the user wants, about the cases that turned out to have one, or that
// may choose a sharding which has.
void Submitter::CheckGrid(const Shared& submission) {
  std::vector<v1::Case> cases;
  submission->asked.clear();
  if (!submission->spec.grid().empty()) {
    for (size_t i = 0; i < submission->expanded.size(); ++i) {
      const v1::CheckedCase& answer = submission->answers[i];
      const bool open = answer.has_resolved() && answer.resolved().sharding() == kAutoSharding;
      if (answer.resolved().grid().empty() && !open) continue;
      submission->expanded[i].item.set_grid(submission->spec.grid());
      cases.push_back(submission->expanded[i].item);
      submission->asked.push_back(i);
    }
  }
  if (cases.empty()) return Checked(submission);
  parts_.checker.Check(submission->view.checker, cases, parts_.clock.Now(),
                       [this, submission](absl::StatusOr<std::vector<v1::CheckedCase>> answers) {
                         if (!answers.ok()) return Finish(*submission, answers.status());
                         for (size_t i = 0; i < answers->size(); ++i)
                           submission->answers[submission->asked[i]] = std::move((*answers)[i]);
                         Checked(submission);
                       });
}

void Submitter::Checked(const Shared& submission) {
  for (size_t i = 0; i < submission->expanded.size(); ++i) {
    ExpandedCase& expanded = submission->expanded[i];
    v1::CheckedCase& answer = submission->answers[i];
    if (expanded.refusal.empty()) expanded.refusal = answer.refusal();
    if (expanded.refusal.empty()) {
      TakeChoices(answer.resolved(), expanded.item);
      // Where the slots do not suffice, the memory of the workers there are says nothing.
      if (HaveSlots(expanded.item.ranks(), *submission->view.workers)) {
        expanded.refusal = MemoryRefusal(expanded.item, answer.cost(), *submission->view.workers);
      }
    }
    answer.set_refusal(expanded.refusal);
    if (expanded.refusal.empty()) {
      *answer.mutable_resolved() = expanded.item;
    } else {
      answer.clear_resolved();
    }
  }
  if (const absl::Status status = CheckEachOperatorRuns(submission->spec, submission->expanded);
      !status.ok())
    return Finish(*submission, status);
  if (!submission->validate_only) return Insert(submission);
  v1::SubmitJobResponse response;
  *response.mutable_job()->mutable_spec() = submission->spec;
  response.mutable_job()->set_cases_total(static_cast<uint32_t>(submission->expanded.size()));
  for (v1::CheckedCase& answer : submission->answers) *response.add_cases() = std::move(answer);
  const auto& ranks = submission->spec.ranks();
  response.set_fit(parts_.director.Fit(submission->spec.backend(),
                                       *std::max_element(ranks.begin(), ranks.end())));
  Finish(*submission, std::move(response));
}

void Submitter::Insert(const Shared& submission) {
  auto made = std::make_shared<NewJob>(
      MakeJob(submission->spec, submission->expanded, submission->answers, parts_.clock.Now()));
  made->job.set_request_id(submission->request_id);
  auto stored = std::make_shared<absl::StatusOr<v1::Job>>(v1::Job());
  parts_.store.Apply(
      [made, stored](Database& database) {
        *stored = InsertJob(database, *made);
        return stored->status();
      },
      [this, submission, made, stored](absl::Status status) {
        if (!status.ok()) return Finish(*submission, status);
        // Otherwise a twin with the same request_id was faster.
        const v1::Job& job = **stored;
        if (job.id() == made->job.id()) parts_.director.JobQueued(MakeActive(job, *made));
        v1::SubmitJobResponse response;
        *response.mutable_job() = job;
        Finish(*submission, std::move(response));
      },
      OnFull::kRefuse);
}

void Submitter::Finish(Submission& submission, absl::StatusOr<v1::SubmitJobResponse> response) {
  if (!response.ok() && !submission.validate_only) parts_.probe.JobRefused(response.status());
  submission.done(std::move(response));
}

}  // namespace basisbench
