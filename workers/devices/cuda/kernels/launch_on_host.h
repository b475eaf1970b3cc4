// SPDX-License-Identifier: Apache-2.0
// Every second phase goes through the threads backwards: a phase in which one thread reads what
// another writes then gives a wrong result. Shared memory starts as NaN.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "workers/devices/cuda/kernels/program.h"

namespace basisbench::kernels {

template <typename Program>
absl::Status Launch(const Queue&, const Program& program) {
  constexpr int kAlign = 16, kNanByte = 0xff;
  const auto bytes = static_cast<size_t>(program.SharedBytes());
  const int threads = program.Threads();
  std::vector<std::max_align_t> shared(bytes / sizeof(std::max_align_t) + kAlign);
  std::vector<typename Program::State> states(static_cast<size_t>(threads));
  auto* memory = reinterpret_cast<std::byte*>(shared.data());
  for (int64_t block = 0; block < program.Blocks(); ++block) {
    std::memset(memory, kNanByte, bytes);
    for (int phase = 0; phase < program.Phases(); ++phase) {
      const bool backwards = (block + phase) % 2 != 0;
      for (int i = 0; i < threads; ++i) {
        const int thread = backwards ? threads - 1 - i : i;
        program.Run(phase, Place{block, thread}, states[static_cast<size_t>(thread)], memory);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace basisbench::kernels
