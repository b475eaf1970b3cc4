// SPDX-License-Identifier: Apache-2.0
// This machine divided among several workers, so that they neither share a processor nor promise
// the same memory twice. Reads affinity, /proc and /sys at each call; any thread.
#pragma once

#include <cstdint>
#include <vector>

namespace basisbench {

struct NodeShare {
  std::vector<uint32_t> cpus;
  int64_t memory_bytes = 0;
};

// Part `index` of `count` (from 0) of what `whole` lists; with more parts than CPUs, parts share
// one.
NodeShare DivideNode(const NodeShare& whole, uint32_t index, uint32_t count);

// The same of what this process may use.
NodeShare ShareOfNode(uint32_t index, uint32_t count);

}  // namespace basisbench
