// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/devices/moved_plan.h"

#include <algorithm>

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// Of its last element, where the matrix is not empty.
int64_t BytesOf(const Shard& shard) {
  const auto rows = static_cast<int64_t>(shard.rows.size());
  const auto cols = static_cast<int64_t>(shard.cols.size());
  if (rows == 0 || cols == 0) return 0;
  return ((rows - 1) * shard.leading + cols) * DtypeSize(shard.dtype);
}

}  // namespace

MovedPlan::MovedPlan(std::unique_ptr<Plan> plan, Device& device)
    : plan_(std::move(plan)),
      device_(device),
      inputs_(plan_->Inputs()),
      outputs_(plan_->Outputs()) {
  // Shards may be interleaved: those whose memory overlaps share a copy.
  std::vector<Region> each;
  for (const std::vector<Shard>* shards : {&inputs_, &outputs_}) {
    for (const Shard& shard : *shards) {
      auto* begin = static_cast<std::byte*>(shard.data);
      if (BytesOf(shard) > 0) each.push_back({begin, begin + BytesOf(shard), {}});
    }
  }
  std::sort(each.begin(), each.end(),
            [](const Region& a, const Region& b) { return a.begin < b.begin; });
  for (Region& region : each) {
    if (!regions_.empty() && region.begin < regions_.back().end) {
      regions_.back().end = std::max(regions_.back().end, region.end);
    } else {
      regions_.push_back(std::move(region));
    }
  }
  for (Region& region : regions_) region.copy.resize(region.end - region.begin);
  Move(inputs_);
  Move(outputs_);
}

void MovedPlan::Move(std::vector<Shard>& shards) {
  for (Shard& shard : shards) {
    for (Region& region : regions_) {
      const auto* at = static_cast<std::byte*>(shard.data);
      if (BytesOf(shard) == 0 || at < region.begin || at >= region.end) continue;
      shard.data = region.copy.data() + (at - region.begin);
      break;
    }
  }
}

absl::Status MovedPlan::Run() {
  for (Region& region : regions_) {
    BB_RETURN_IF_ERROR(device_.Upload(region.copy.data(), region.end - region.begin, region.begin));
  }
  BB_RETURN_IF_ERROR(plan_->Run());
  for (Region& region : regions_) {
    BB_RETURN_IF_ERROR(
        device_.Download(region.begin, region.end - region.begin, region.copy.data()));
  }
  return absl::OkStatus();
}

}  // namespace basisbench
