// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/paired_comparison.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "workers/measure/statistics.h"

namespace basisbench {
namespace {

bool IsTime(double seconds) { return std::isfinite(seconds) && seconds > 0; }

Verdict Judge(const Interval& interval) {
  if (interval.low >= 1 - kSameMargin && interval.high <= 1 + kSameMargin) return Verdict::kSame;
  if (interval.low > 1) return Verdict::kFaster;
  if (interval.high < 1) return Verdict::kSlower;
  return Verdict::kAmbiguous;
}

}  // namespace

absl::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSame:
      return "SAME";
    case Verdict::kFaster:
      return "FASTER";
    case Verdict::kSlower:
      return "SLOWER";
    case Verdict::kAmbiguous:
      return "AMBIGUOUS";
    case Verdict::kInvalid:
      return "INVALID";
  }
  return "INVALID";
}

PairedComparison ComparePaired(absl::Span<const double> baseline,
                               absl::Span<const double> candidate) {
  const size_t rounds = std::min(baseline.size(), candidate.size());
  PairedComparison result;
  result.rounds = static_cast<int64_t>(rounds);
  std::vector<double> ratios;
  ratios.reserve(rounds);
  for (size_t i = 0; i < rounds; ++i) {
    if (!IsTime(baseline[i]) || !IsTime(candidate[i])) return result;
    ratios.push_back(baseline[i] / candidate[i]);
  }
  if (ratios.empty()) return result;
  std::sort(ratios.begin(), ratios.end());
  result.speedup = SortedQuantile(ratios, 0.5);
  const auto interval = MedianInterval95(ratios);
  result.verdict = interval ? Judge(*interval) : Verdict::kAmbiguous;
  if (interval) {
    result.speedup_low = interval->low;
    result.speedup_high = interval->high;
  }
  return result;
}

}  // namespace basisbench
