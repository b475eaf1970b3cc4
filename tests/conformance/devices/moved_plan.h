// SPDX-License-Identifier: Apache-2.0
// A plan whose shards are in host memory although its device's are not: every run moves all of them
// to the device before and back after, so that what it did not write is still what it was. Belongs
// to the plan's thread; the device outlives it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "workers/devices/device.h"
#include "workers/operators/operator.h"

namespace basisbench {

class MovedPlan : public Plan {
 public:
  MovedPlan(std::unique_ptr<Plan> plan, Device& device);

  absl::Status Run() override;
  absl::Status RunCompute() override { return plan_->RunCompute(); }
  absl::Status RunCommunication() override { return plan_->RunCommunication(); }
  std::vector<Shard> Inputs() override { return inputs_; }
  std::vector<Shard> Outputs() override { return outputs_; }
  std::string Grid() const override { return plan_->Grid(); }

 private:
  // Memory of the device that one or several shards lie in, and its copy.
  struct Region {
    std::byte* begin;
    std::byte* end;
    std::vector<std::byte> copy;
  };
  void Move(std::vector<Shard>& shards);

  const std::unique_ptr<Plan> plan_;
  Device& device_;
  std::vector<Shard> inputs_, outputs_;
  std::vector<Region> regions_;
};

}  // namespace basisbench
