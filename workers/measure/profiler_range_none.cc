// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/profiler_range.h"

namespace basisbench {

ProfilerRange::ProfilerRange(const std::string&) {}
ProfilerRange::~ProfilerRange() {}

}  // namespace basisbench
