// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/attempt_end.h"

#include <sys/wait.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "workers/daemon/reaper.h"

namespace basisbench {
namespace {

// mpirun ends with this when a daemon of its tree is gone (ORTE_ERR_COMM_FAILURE as an exit
// status).
constexpr int kCommunicationFailure = 205;

bool AllocationFailed(const std::string& output) {
  return absl::StrContains(output, "std::bad_alloc") ||
         absl::StrContains(output, "Cannot allocate memory") ||
         absl::StrContains(output, "out of memory");
}

// mpirun passes a rank's signal on as 128 + signal.
std::string DescribeRankEnd(int wait_status) {
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) > 128 &&
      WEXITSTATUS(wait_status) < 128 + 65) {
    return absl::StrCat("a rank ended by ", DescribeWaitStatus(WEXITSTATUS(wait_status) - 128));
  }
  if (WIFSIGNALED(wait_status))
    return absl::StrCat("mpirun ended by ", DescribeWaitStatus(wait_status));
  return absl::StrCat("the ranks ended with ", DescribeWaitStatus(wait_status));
}

struct Verdict {
  v1::AttemptEnd end;
  std::string detail;
};

Verdict Judge(const AttemptEvidence& evidence) {
  if (evidence.abort_reason) return {v1::ATTEMPT_END_ABORTED, *evidence.abort_reason};
  if (evidence.completed) return {v1::ATTEMPT_END_COMPLETED, ""};
  if (evidence.launch_error && !evidence.case_started)
    return {v1::ATTEMPT_END_LAUNCH_FAILED, *evidence.launch_error};
  if (evidence.deadline) {
    return {evidence.ranks_connected ? v1::ATTEMPT_END_TIMED_OUT : v1::ATTEMPT_END_LAUNCH_FAILED,
            *evidence.deadline};
  }
  if (evidence.out_of_memory) {
    return {v1::ATTEMPT_END_RESOURCE_EXHAUSTED, "the kernel killed a rank because memory ran out"};
  }
  if (evidence.peer_error) return {v1::ATTEMPT_END_PEER_LOST, *evidence.peer_error};
  if (!evidence.wait_status) return {v1::ATTEMPT_END_LAUNCH_FAILED, "mpirun was not started"};
  const int status = *evidence.wait_status;
  if (AllocationFailed(evidence.output_tail)) {
    return {v1::ATTEMPT_END_RESOURCE_EXHAUSTED,
            absl::StrCat("a rank could not allocate memory: ", DescribeRankEnd(status))};
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kCommunicationFailure &&
      evidence.ranks_connected) {
    return {v1::ATTEMPT_END_PEER_LOST,
            "mpirun lost contact with Open MPI's daemon on a node of the gang"};
  }
  if (!evidence.ranks_connected) {
    return {v1::ATTEMPT_END_LAUNCH_FAILED,
            absl::StrCat("no rank reported: mpirun ended by ", DescribeWaitStatus(status))};
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return {v1::ATTEMPT_END_CRASHED, "the ranks ended without a record for every case"};
  }
  return {v1::ATTEMPT_END_CRASHED, DescribeRankEnd(status)};
}

}  // namespace

v1::AttemptFinished ClassifyAttemptEnd(const AttemptEvidence& evidence) {
  const Verdict verdict = Judge(evidence);
  v1::AttemptFinished finished;
  finished.set_attempt_id(evidence.attempt_id);
  finished.set_end(verdict.end);
  finished.set_detail(verdict.detail);
  if (verdict.end != v1::ATTEMPT_END_COMPLETED && evidence.current_case) {
    finished.set_case_index(*evidence.current_case);
  }
  finished.set_output_tail(evidence.output_tail);
  return finished;
}

}  // namespace basisbench
