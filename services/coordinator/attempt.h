// SPDX-License-Identifier: Apache-2.0
// One try at running a job's remaining cases of one world size, as the director follows it. Plain
// data behind the director's mutex.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/worker.pb.h"

namespace basisbench {

enum class AttemptPhase {
  kStoring,    // being made durable; nobody knows of it yet
  kPreparing,  // members reserve their nodes
  kRunning,    // the leader has been told to start
  kAdopting,   // ran before a restart; its members are awaited
  kAborting,   // members clean up; the job goes on when all have
  kEnding,     // its end is being made durable
  kReleasing,  // over; the members but the leader clean up
};

struct Attempt {
  v1::PrepareAttempt prepare;
  uint32_t ranks = 0;
  AttemptPhase phase = AttemptPhase::kStoring;
  std::set<std::string> alive;  // members that were not lost
  std::set<std::string>
      waiting;  // of these, members whose answer is due (Prepared, attached again, or Released)

  // What StartAttempt needs; dropped once it was sent.
  std::vector<v1::Case> cases;
  v1::MeasurementOptions measurement;
  bool expressiveness = false;

  absl::flat_hash_set<uint32_t> given;  // indices of its cases, as far as they are known
  bool adopted = false;                 // it ran before a restart
  uint32_t recorded = 0;                // records it has delivered since then
  bool abort_when_stored = false;

  // How it ends, once that is known.
  v1::AttemptEnd ending = v1::ATTEMPT_END_UNSPECIFIED;
  std::string detail;
  bool lost = false;  // counts against max_attempts

  const std::string& id() const { return prepare.attempt_id(); }
  const std::string& job() const { return prepare.job_id(); }
  const std::string& leader() const { return prepare.gang(0).worker(); }
};

}  // namespace basisbench
