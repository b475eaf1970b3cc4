// SPDX-License-Identifier: Apache-2.0
// From a submission to a queued job: complete the specification, expand it, ask a runner about each
// case, refuse what cannot run, store the rest. Thread-safe; never blocks beyond a read of the
// store. Everything named in the constructor outlives it and its callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basisbench/v1/job.pb.h"
#include "services/base/clock.h"
#include "services/coordinator/attempt_director.h"
#include "services/coordinator/case_checker.h"
#include "services/coordinator/expansion.h"
#include "services/coordinator/presets.h"
#include "services/coordinator/probe.h"
#include "services/coordinator/store.h"

namespace basisbench {

class Submitter {
 public:
  // Status codes as SubmitJob documents them. Called once, on any thread.
  using Done = std::function<void(absl::StatusOr<v1::SubmitJobResponse>)>;

  struct Parts {
    Store& store;
    AttemptDirector& director;
    CaseChecker& checker;
    CoordinatorProbe& probe;
    const Presets& presets;
    const Clock& clock;
    uint64_t max_cases;
  };
  explicit Submitter(const Parts& parts) : parts_(parts) {}

  void Submit(const v1::SubmitJobRequest& request, Done done);

 private:
  struct Submission;
  using Shared = std::shared_ptr<Submission>;

  absl::StatusOr<Shared> Prepare(const v1::SubmitJobRequest& request);
  void Check(const Shared& submission);
  void CheckGrid(const Shared& submission);
  void Checked(const Shared& submission);
  void Insert(const Shared& submission);
  void Finish(Submission& submission, absl::StatusOr<v1::SubmitJobResponse> response);

  const Parts parts_;
};

}  // namespace basisbench
