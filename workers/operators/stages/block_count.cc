// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stages/block_count.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "workers/operators/parameters.h"

namespace basisbench {

ParameterDescription BlockParameter() {
  return {"block", "side of a block; n / block is a power of two; default: half of n's factors 2",
          "", 1, 1 << 20};
}

absl::Status ResolveBlock(Problem& problem, int64_t length) {
  const auto n = static_cast<uint64_t>(length);
  DefaultParameter(problem, "block", static_cast<int64_t>(n >> ((std::countr_zero(n) + 1) / 2)));
  const auto block = static_cast<uint64_t>(IntegerParameter(problem, "block"));
  if (n % block == 0 && n > block && std::has_single_bit(n / block)) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(problem.operator_name, ": the length ", n,
                                               " is not block = ", block,
                                               " times a power of two of at least 2"));
}

}  // namespace basisbench
