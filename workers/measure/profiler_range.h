// SPDX-License-Identifier: Apache-2.0
// A named stretch of time for profilers (Nsight Systems and others read NVTX), from construction to
// the end of the scope, on the thread that made it; ranges nest. Costs a call that returns at once
// where no profiler listens, and nothing is made of it in a build without CUDA.
#pragma once

#include <string>

namespace basisbench {

class ProfilerRange {
 public:
  explicit ProfilerRange(const std::string& name);
  ~ProfilerRange();
  ProfilerRange(const ProfilerRange&) = delete;
  ProfilerRange& operator=(const ProfilerRange&) = delete;
};

}  // namespace basisbench
