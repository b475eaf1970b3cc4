// SPDX-License-Identifier: Apache-2.0
// Kernels as data. A program says what each thread of a block does, in phases; between two phases
// is a barrier, so what one phase leaves in the block's shared memory the next may read. The same
// code is run by a GPU and, block by block, by a processor (launch.h), which is how it is tested
// where there is no GPU. A program has
//   static constexpr int kMostThreads;      // a block never has more
//   struct State;                           // of one thread, kept from phase to phase
//   int64_t Blocks() const; int Threads() const; int64_t SharedBytes() const; int Phases() const;
//   void Run(int phase, Place at, State& state, std::byte* shared) const;
// Programs are copied to the GPU by value and point at device memory only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workers/devices/host_device.h"

namespace basisbench::kernels {

struct Place {
  int64_t block = 0;
  int thread = 0;
};

struct NoState {};

// Where a kernel goes, and what it may use besides its operands.
struct Queue {
  void* stream = nullptr;  // a cudaStream_t; nothing on a processor
  // For partial results of reductions, used by one kernel at a time.
  std::byte* scratch = nullptr;
  int64_t scratch_bytes = 0;
  int multiprocessors = 1;
};

struct Divided {
  int64_t quotient, remainder;
};

// 64-bit division is slow on a GPU, and almost never needed.
BB_HOST_DEVICE inline Divided Divide(int64_t a, int64_t b) {
  if (((a | b) >> 31) == 0) {
    const auto small = static_cast<uint32_t>(a), by = static_cast<uint32_t>(b);
    return {small / by, small % by};
  }
  return {a / b, a % b};
}

BB_HOST_DEVICE constexpr int64_t CeilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

template <typename T>
BB_HOST_DEVICE constexpr T Least(T a, T b) {
  return b < a ? b : a;
}
template <typename T>
BB_HOST_DEVICE constexpr T Most(T a, T b) {
  return a < b ? b : a;
}

}  // namespace basisbench::kernels
