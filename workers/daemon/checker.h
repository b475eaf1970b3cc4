// SPDX-License-Identifier: Apache-2.0
// Answers what cases would cost by asking one runner that is kept warm for it. Owned by the worker;
// calls are answered one after the other. A runner that dies or does not answer is killed and
// started anew with the next question.
#pragma once

#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "basisbench/v1/operator.pb.h"
#include "workers/daemon/mpirun_command.h"
#include "workers/daemon/reaper.h"

namespace basisbench {

class Checker {
 public:
  Checker(Reaper& reaper, Programs programs, absl::Duration timeout = absl::Seconds(30))
      : reaper_(reaper), programs_(std::move(programs)), timeout_(timeout) {}
  ~Checker();

  // UNAVAILABLE or DEADLINE_EXCEEDED when the runner does not answer, also at a second try after it
  // died; INTERNAL when its answer has another number of cases.
  absl::StatusOr<v1::CheckReply> Check(const v1::CheckRequest& request);

  // What the runner can execute, from `--describe`.
  absl::StatusOr<v1::OperatorCatalogue> Describe();

 private:
  absl::StatusOr<v1::CheckReply> Ask(const v1::CheckRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status EnsureRunning() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Stop() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  SpawnOptions Options(const std::string& flag) const;

  Reaper& reaper_;
  const Programs programs_;
  const absl::Duration timeout_;
  absl::Mutex mutex_;
  std::optional<Child> child_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace basisbench
