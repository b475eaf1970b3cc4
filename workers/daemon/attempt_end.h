// SPDX-License-Identifier: Apache-2.0
// Why did an attempt end? Pure: the evidence the leader collected goes in, the ending that is
// reported comes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "basisbench/v1/worker.pb.h"

namespace basisbench {

struct AttemptEvidence {
  std::string attempt_id;
  std::optional<std::string>
      abort_reason;  // the coordinator, the lease or the daemon's end asked for it
  std::optional<std::string> launch_error;  // mpirun could not be started, or a peer refused
  std::optional<std::string> peer_error;    // a peer that had been launched was lost
  std::optional<std::string> deadline;      // which deadline passed
  std::optional<int> wait_status;           // of mpirun
  bool out_of_memory = false;               // the kernel killed for memory on a node of the gang
  bool ranks_connected = false;             // some rank said hello
  bool case_started = false;                // some case was begun
  bool completed = false;                   // every case has a record and rank 0 said it was done
  std::optional<uint32_t> current_case;     // begun and without a record
  std::string output_tail;
};

v1::AttemptFinished ClassifyAttemptEnd(const AttemptEvidence& evidence);

}  // namespace basisbench
