// SPDX-License-Identifier: Apache-2.0
// Compares a case with a baseline measured in the same rounds, so that drift of the machine
// cancels. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace basisbench {

enum class Verdict { kSame, kFaster, kSlower, kAmbiguous, kInvalid };

// "SAME", "FASTER", "SLOWER", "AMBIGUOUS", "INVALID".
absl::string_view VerdictName(Verdict verdict);

struct PairedComparison {
  Verdict verdict = Verdict::kInvalid;
  double speedup = 0;  // median over rounds of baseline / candidate; 0 when invalid
  std::optional<double> speedup_low, speedup_high;  // 95 %, from 6 rounds
  int64_t rounds = 0;
};

// A gap within this share of 1 is no gap worth a verdict.
inline constexpr double kSameMargin = 0.01;

// Element i of both is round i (seconds); the rounds both have are used. SAME when the interval
// lies within the margin of 1, FASTER or SLOWER when it lies on one side of 1, otherwise AMBIGUOUS,
// as below 6 rounds. INVALID without rounds or when a time is not a positive number.
PairedComparison ComparePaired(absl::Span<const double> baseline,
                               absl::Span<const double> candidate);

}  // namespace basisbench
