// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/overlap.h"

#include <algorithm>
#include <cstddef>

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// Columns of A per slice: as thin as the product stays near its full rate.
constexpr int64_t kSlice = 128;

const void* Advance(const void* data, int64_t elements, Dtype dtype) {
  return static_cast<const std::byte*>(data) + elements * DtypeSize(dtype);
}

absl::StatusOr<bool> AnyUnfinished(absl::Span<Transfers* const> transfers) {
  bool unfinished = false;
  for (Transfers* group : transfers) {
    BB_RETURN_IF_ERROR(group->Poll());
    unfinished |= !group->empty();
  }
  return unfinished;
}

}  // namespace

absl::Status Transfers::Poll() {
  size_t kept = 0;
  for (size_t i = 0; i < pending_.size(); ++i) {
    BB_ASSIGN_OR_RETURN(const bool done, pending_[i]->Test());
    if (!done) std::swap(pending_[kept++], pending_[i]);
  }
  pending_.resize(kept);
  return absl::OkStatus();
}

absl::Status Transfers::Wait() {
  for (auto& pending : pending_) BB_RETURN_IF_ERROR(pending->Wait());
  pending_.clear();
  return absl::OkStatus();
}

absl::Status GemmWhile(Device& device, GemmArgs args, absl::Span<Transfers* const> transfers) {
  if (args.m == 0 || args.n == 0) return absl::OkStatus();
  int64_t left = args.k;
  while (left > 0) {
    BB_ASSIGN_OR_RETURN(const bool unfinished, AnyUnfinished(transfers));
    args.k = unfinished ? std::min(left, kSlice) : left;
    BB_RETURN_IF_ERROR(device.Gemm(args));
    const bool down_a = args.transpose_a == Transpose::kYes;
    const bool across_b = args.transpose_b == Transpose::kYes;
    args.a = Advance(args.a, args.k * (down_a ? args.lda : 1), args.dtype);
    args.b = Advance(args.b, args.k * (across_b ? 1 : args.ldb), args.dtype);
    args.beta = 1.0;
    left -= args.k;
  }
  return absl::OkStatus();
}

}  // namespace basisbench
