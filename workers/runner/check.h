// SPDX-License-Identifier: Apache-2.0
// Answers whether cases can run and what they cost, without running them. Used by the daemon when a
// job is submitted: once per process, or as a warm process that serves requests until its input
// ends. One thread.
#pragma once

#include "absl/status/status.h"
#include "basisbench/v1/operator.pb.h"

namespace basisbench {

// Everything this binary offers.
v1::OperatorCatalogue Describe();

// One answer per case, in order; a case that cannot run is refused, never an error of the call.
v1::CheckReply CheckCases(const v1::CheckRequest& request);

// One request until the end of `in`, one reply. INVALID_ARGUMENT when the bytes are not a
// CheckRequest.
absl::Status CheckOnce(int in, int out);

// Framed requests and replies until `in` ends. A frame that is not a CheckRequest gets a reply
// without cases; a length above the limit ends the stream with INVALID_ARGUMENT, as nothing after
// it can be trusted.
absl::Status ServeChecks(int in, int out);

}  // namespace basisbench
