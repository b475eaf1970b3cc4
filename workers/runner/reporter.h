// SPDX-License-Identifier: Apache-2.0
// Where a rank reports to: its node's daemon, or the terminal of a developer. Belongs to the rank's
// thread. An error means that nobody listens any more; the rank then gives up.
#pragma once

#include "absl/status/status.h"
#include "basisbench/v1/runner.pb.h"

namespace basisbench {

class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual absl::Status CaseStarted(uint32_t case_index) = 0;
  virtual absl::Status Report(const v1::Progress& progress) = 0;
  virtual absl::Status Report(const v1::RankActivity& activity) = 0;
  // Returns once the record has been taken over.
  virtual absl::Status Report(const v1::CaseResult& result) = 0;
  virtual absl::Status Done() = 0;
};

}  // namespace basisbench
