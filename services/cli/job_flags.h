// SPDX-License-Identifier: Apache-2.0
// The flags by which run, submit and validate describe a job: a file, flags, or a file with flags
// over it.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "basisbench/v1/job.pb.h"

namespace basisbench {

struct JobFlags {
  std::string file;
  std::string name;
  std::string request_id;
  std::vector<std::string> operators;
  std::vector<std::string> shapes;
  std::string preset;
  std::string sites;
  int64_t batch = 0;
  int64_t sequence = 0;
  std::string phase;
  std::string dtypes;
  std::string shardings;
  std::string ranks;
  std::string directions;
  std::string caches;
  std::string input;
  std::string backend;
  std::string grid;
  std::string min_time;
  std::string max_time;
  std::string case_timeout;
  uint32_t min_samples = 0;
  uint32_t max_samples = 0;
  uint64_t seed = 0;
  double target_relative_ci = 0;
  std::vector<std::string> labels;
  int32_t priority = 0;
  uint32_t max_attempts = 0;
  bool no_baseline = false;
  bool skip_validation = false;
  bool expressiveness = false;
};

void AddJobFlags(CLI::App& app, JobFlags& flags);

// The job the flags describe; "-" reads `in`. A flag that is given replaces what the file says.
// INVALID_ARGUMENT names the flag, or the file and its line.
absl::StatusOr<v1::JobSpec> BuildSpec(const JobFlags& flags, std::istream& in);

// A fresh random UUID: submissions carry one, so that a retry cannot make a second job.
std::string NewRequestId();

}  // namespace basisbench
