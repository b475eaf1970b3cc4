// SPDX-License-Identifier: Apache-2.0
// An operator's plan on one rank, filled with seeded operands that its peers may read. For the
// bench programs only: whatever fails ends the program with its message.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/expect.h"
#include "workers/operators/operator.h"

namespace basisbench {

struct Subject {
  const Operator* op = nullptr;
  Problem problem;  // resolved
  std::unique_ptr<Plan> plan;
  std::vector<Shard> inputs;
  Shard output;

  void Run() { Expect(plan->Run()); }
  // Data of an input by the tensor's name.
  template <typename T = float>
  const T* Input(const std::string& tensor) const {
    return static_cast<const T*>(Find(tensor));
  }
  // A parameter that is a number.
  int64_t Parameter(const std::string& name) const;

 private:
  const void* Find(const std::string& tensor) const;
};

// Of a problem with what the caller wants to choose; the rest are the operator's defaults. Device
// and communicator must outlive it.
Subject MakeSubject(const Problem& problem, Device& device, Communicator& communicator);

}  // namespace basisbench
