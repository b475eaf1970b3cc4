// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/gpu/gpu_subject.h"

#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/operators/registry.h"
#include "workers/operators/stored.h"

namespace basisbench {
namespace {

// Odd, so that rows differ.
constexpr int64_t kValues = 1000003;

class Values {
 public:
  Values(Dtype dtype, const std::string& tensor, double scale) : size_(DtypeSize(dtype)) {
    std::vector<double> wide(kValues);
    TensorValues(1, tensor, Distribution::kUniform, scale).Row(0, 0, absl::MakeSpan(wide));
    bytes_.resize(kValues * size_);
    for (int64_t i = 0; i < kValues; ++i)
      StoreElement(dtype, bytes_.data(), i, wide[static_cast<size_t>(i)]);
  }

  // The next so many.
  absl::Status Upload(Device& device, int64_t elements, void* to) {
    auto* place = static_cast<std::byte*>(to);
    while (elements > 0) {
      const int64_t count = std::min(elements, kValues - next_);
      BB_RETURN_IF_ERROR(device.Upload(bytes_.data() + next_ * size_, count * size_, place));
      next_ = (next_ + count) % kValues;
      place += count * size_;
      elements -= count;
    }
    return absl::OkStatus();
  }

 private:
  const int64_t size_;
  std::vector<std::byte> bytes_;
  int64_t next_ = 0;
};

absl::Status Fill(Device& device, const Shard& shard, double scale) {
  Values values(shard.dtype, shard.tensor, scale);
  const auto rows = static_cast<int64_t>(shard.rows.size());
  const auto cols = static_cast<int64_t>(shard.cols.size());
  if (shard.leading == cols) return values.Upload(device, rows * cols, shard.data);
  for (int64_t i = 0; i < rows; ++i) {
    BB_RETURN_IF_ERROR(values.Upload(
        device, cols,
        static_cast<std::byte*>(shard.data) + i * shard.leading * DtypeSize(shard.dtype)));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Issue> GpuSubject::Issues() const {
  std::vector<Issue> issues;
  for (const auto& plan : plans) issues.push_back([&plan = *plan] { return plan.Run(); });
  return issues;
}

void* GpuSubject::Input(size_t plan, const std::string& tensor) const {
  for (const Shard& shard : plans[plan]->Inputs()) {
    if (shard.tensor == tensor) return shard.data;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<GpuSubject>> MakeGpuSubject(const Problem& problem, BenchGpu& gpu,
                                                           Communicator& communicator) {
  auto subject = std::make_shared<GpuSubject>();
  BB_ASSIGN_OR_RETURN(subject->op, FindOperator(problem.operator_name));
  BB_ASSIGN_OR_RETURN(subject->problem, subject->op->Resolve(problem));
  subject->cost = DeclaredCost(*subject->op, subject->problem);
  const int sets = gpu.Sets(subject->cost.bytes_min, subject->cost.memory_bytes[0]);
  for (int set = 0; set < sets; ++set) {
    BB_ASSIGN_OR_RETURN(auto plan,
                        PreparePlan(*subject->op, subject->problem, gpu.device(), communicator));
    for (const Shard& shard : plan->Inputs()) {
      BB_RETURN_IF_ERROR(
          Fill(gpu.device(), shard, subject->op->OperandScale(subject->problem, shard.tensor)));
    }
    subject->plans.push_back(std::move(plan));
  }
  return subject;
}

absl::StatusOr<std::shared_ptr<Buffer>> FilledRoom(Device& device, Dtype dtype, int64_t elements) {
  BB_ASSIGN_OR_RETURN(Buffer buffer, device.Allocate(elements * DtypeSize(dtype)));
  BB_RETURN_IF_ERROR(Values(dtype, "room", 1).Upload(device, elements, buffer.data()));
  return std::make_shared<Buffer>(std::move(buffer));
}

}  // namespace basisbench
