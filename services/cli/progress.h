// SPDX-License-Identifier: Apache-2.0
// A running job on standard error: one line redrawn in place on a terminal, plain lines elsewhere.
// Never fails.
#pragma once

#include <set>
#include <string>

#include "absl/time/time.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/result.pb.h"
#include "services/cli/context.h"

namespace basisbench {

class ProgressView {
 public:
  explicit ProgressView(Context& context);

  void OnJob(const v1::Job& job);
  void OnResult(const v1::CaseResult& result);
  void OnProgress(const v1::Progress& progress);
  // Takes the redrawn line away before something else is printed.
  void ClearLine();

 private:
  void Line(const std::string& text);
  void Redraw(const std::string& text);

  Context& context_;
  const bool animate_;
  bool drawn_ = false;
  absl::Time last_draw_ = absl::InfinitePast();
  v1::JobState state_ = v1::JOB_STATE_UNSPECIFIED;
  std::string detail_;
  void Finished(uint32_t cases);

  uint32_t total_ = 0;
  uint32_t done_ = 0;
  std::set<uint32_t> seen_;  // cases with a record; a case is counted once however often it is told
};

}  // namespace basisbench
