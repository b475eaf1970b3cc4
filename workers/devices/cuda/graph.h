// SPDX-License-Identifier: Apache-2.0
// A body of work as a CUDA graph: what it issues on a device's stream is recorded instead of run,
// and launched as a whole afterwards, without the host's time for each kernel. Everything belongs
// to the device's thread.
//
// Run the body once before: what happens at the first execution only (GEMM algorithms being timed,
// memory being taken) waits for the stream, which cannot be recorded. So plans of several ranks
// cannot be captured, as they wait before they communicate; plans of one rank can. The graph keeps
// the addresses it saw: operands may change their contents, but plan and device outlive it.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "workers/devices/device.h"

namespace basisbench {

class CapturedBody {
 public:
  virtual ~CapturedBody() = default;
  // Once more everything the body issued, behind what is on the device's stream. Does not wait.
  virtual absl::Status Launch() = 0;
};

// Runs `body` without its work being done. UNIMPLEMENTED with the reason where it cannot be
// captured: another device than a GPU's, or a body that waits for the device; the device is then as
// before. Failures of the body itself are handed on.
absl::StatusOr<std::unique_ptr<CapturedBody>> CaptureBody(
    Device& device, const std::function<absl::Status()>& body);

}  // namespace basisbench
