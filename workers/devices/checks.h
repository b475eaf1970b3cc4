// SPDX-License-Identifier: Apache-2.0
// What every device asks of the arguments of its primitives, before it touches memory. Stateless;
// INVALID_ARGUMENT naming the argument and its value.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "workers/devices/device.h"

namespace basisbench {

// Rows and columns are not negative.
absl::Status CheckSize(absl::string_view what, int64_t rows, int64_t cols);
absl::Status CheckCount(int64_t count);

// No size is negative or beyond an int, no leading dimension shorter than a row.
absl::Status CheckGemm(const GemmArgs& args);

absl::Status CheckFft(const FftDescription& description);
absl::Status CheckWht(const WhtArgs& args);
absl::Status CheckDwt(const DwtArgs& args);
absl::Status CheckStages(int64_t n, int64_t cols, absl::Span<const int64_t> strides);
// The gate and its gradient are given together.
absl::Status CheckActivationGradient(const ActivationGradientArgs& args);
absl::Status CheckDecaySum(const DecaySumArgs& args);
absl::Status NoConversion(const ConvertArgs& args);

// The same product with as small a batch as the strides allow. `args` has passed CheckGemm.
GemmArgs MergeBatch(GemmArgs args);

// A matrix of one row may come with any leading dimension; libraries insist on a full one.
int64_t FullLeading(int64_t leading, int64_t cols);

}  // namespace basisbench
