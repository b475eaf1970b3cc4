// SPDX-License-Identifier: Apache-2.0
// An assignment without daemon, coordinator and MPI: ranks as threads of this process, records to
// the caller. The quick way to try an operator, and what tests use.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "basisbench/v1/runner.pb.h"

namespace basisbench {

struct LocalRunOptions {
  int ranks = 1;
  int threads_per_rank = 1;
  int64_t memory_bytes = 0;  // per rank; 0: no limit
};

// `take` gets each record, on the thread of rank 0. Returns the first error of a rank.
absl::Status RunLocally(const LocalRunOptions& options, const v1::Assignment& assignment,
                        const std::function<void(const v1::CaseResult&)>& take);

// The same for an assignment as JSON in `path`; records as lines of JSON on standard output.
absl::Status RunLocalFile(const LocalRunOptions& options, const std::string& path);

}  // namespace basisbench
