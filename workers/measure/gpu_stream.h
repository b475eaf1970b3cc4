// SPDX-License-Identifier: Apache-2.0
// What timing asks of the stream a GPU works on. Belongs to the rank's thread. An error is that of
// the GPU's library.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/measure/body_clock.h"
#include "workers/measure/gate.h"

namespace basisbench {

// A body as one unit that the GPU starts by itself.
class Replay {
 public:
  virtual ~Replay() = default;
  // Returns once it is in the queue.
  virtual absl::Status Launch() = 0;
};

class GpuStream {
 public:
  virtual ~GpuStream() = default;
  // Records what `body` puts on the stream, which is not executed. An error when it does something
  // that cannot be recorded; the stream is then as before.
  virtual absl::StatusOr<std::unique_ptr<Replay>> Capture(const Body& body) = 0;
  // Nothing behind this begins before the gate lets through. The gate stays until Wait() returned.
  virtual absl::Status Hold(Gate& gate) = 0;
  // Marks the places in the queue between which Elapsed tells the time.
  virtual absl::Status MarkBegin() = 0;
  virtual absl::Status MarkEnd() = 0;
  // Seconds between the last two marks, after Wait.
  virtual absl::StatusOr<double> Elapsed() = 0;
  virtual absl::Status Wait() = 0;
};

}  // namespace basisbench
