// SPDX-License-Identifier: Apache-2.0
// What an attempt does with the messages of its ranks and with the launch calls of its peers.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/status_macros.h"
#include "workers/daemon/attempt.h"

namespace basisbench {
namespace {

constexpr absl::Duration kEndTimeout = absl::Seconds(30);

}  // namespace

void Attempt::SetDeadline(absl::Duration after, std::string what) {
  deadline_ = absl::Now() + after;
  deadline_text_ = absl::StrCat(what, " within ", absl::FormatDuration(after));
}

void Attempt::OnHello(const v1::RankHello& hello) {
  services_.observer->OnRanksChanged(1);
  absl::MutexLock lock(&mutex_);
  evidence_.ranks_connected = true;
  if (!start_ || hello.rank() != 0) return;
  services_.observer->OnLaunched(absl::Now() - launched_);
  SetDeadline(case_timeout_, "the ranks began no case");
}

void Attempt::OnGone(uint32_t) { services_.observer->OnRanksChanged(-1); }

void Attempt::OnCaseStarted(uint32_t rank, uint32_t case_index) {
  absl::MutexLock lock(&mutex_);
  evidence_.case_started = true;
  if (!start_ || rank != 0) return;
  evidence_.current_case = case_index;
  SetDeadline(case_timeout_, absl::StrCat("case ", case_index, " did not end"));
}

void Attempt::OnProgress(const v1::Progress& progress) {
  services_.observer->OnProgress(id(), progress);
}

void Attempt::OnResult(const v1::CaseResult& result) {
  {
    absl::MutexLock lock(&mutex_);
    if (!start_) return;
  }
  services_.observer->OnResult(id(), result);
  absl::MutexLock lock(&mutex_);
  const uint32_t index = result.case_().index();
  missing_.erase(index);
  if (evidence_.current_case == index) evidence_.current_case.reset();
  SetDeadline(case_timeout_, absl::StrCat("after case ", index, " the ranks did not go on"));
}

void Attempt::OnActivity(const v1::RankActivity& activity) {
  services_.observer->OnActivity(activity);
}

void Attempt::OnDone(uint32_t rank) {
  absl::MutexLock lock(&mutex_);
  if (!start_ || rank != 0) return;
  evidence_.completed = missing_.empty();
  SetDeadline(kEndTimeout, "the ranks were done and did not end");
}

absl::Status Attempt::Launch(const v1::LaunchRequest& request,
                             const std::function<bool()>& cancelled,
                             const std::function<bool(const v1::LaunchResponse&)>& report) {
  OrtedRun run;
  {
    absl::MutexLock lock(&mutex_);
    if (closing_ || abort_) return absl::AbortedError(absl::StrCat("attempt ", id(), " is ending"));
    BB_RETURN_IF_ERROR(tokens_.Accept(request.token(), absl::Now()));
    run.node = Node(absl::StrCat(id(), "/orted-", launches_));
    ++launches_;
    ++active_launches_;
  }
  run.arguments.assign(request.arguments().begin(), request.arguments().end());
  run.given_up = [&] {
    if (cancelled()) return true;
    absl::MutexLock lock(&mutex_);
    return closing_ || abort_.has_value();
  };
  run.report = report;
  absl::Status status = RunOrted(*services_.reaper, run);
  absl::MutexLock lock(&mutex_);
  --active_launches_;
  return status;
}

}  // namespace basisbench
