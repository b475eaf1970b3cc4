// SPDX-License-Identifier: Apache-2.0
// What the leader executes to start the ranks, and with which environment each of Open MPI's
// daemons runs. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/worker.pb.h"

namespace basisbench {

// Paths of the programs of this installation.
struct Programs {
  std::string runner;
  std::string agent;
  std::string guard;
};

// What one launched tree (mpirun's or orted's) needs to know about its node.
struct NodeEnvironment {
  std::string attempt_id;
  std::string socket;         // of the rank server
  std::string directory;      // for Open MPI's session files
  std::string shared_memory;  // for its shared-memory segments
  std::string process_tag;
  std::string launch_plan;  // empty for orted
  Programs programs;
};

// Only what ranks and Open MPI need is passed on: PATH, HOME, locale, library paths, and the
// variables of Open MPI, BLAS, OpenMP, NCCL and CUDA.
std::vector<std::string> MakeNodeEnvironment(const NodeEnvironment& node,
                                             const std::vector<std::string>& inherited);

// The environment of this process as "NAME=value".
std::vector<std::string> OwnEnvironment();

// `hosts[i]` is what mpirun calls gang member i.
struct MpirunRequest {
  std::vector<std::string> hosts;
  std::vector<uint32_t> slots;
  uint32_t ranks = 0;
  std::string network;  // CIDR; empty lets Open MPI choose
  std::string agent;
};

// INVALID_ARGUMENT when ranks and slots do not match, or two members share a host.
absl::StatusOr<std::vector<std::string>> MakeMpirunCommand(const MpirunRequest& request);

}  // namespace basisbench
