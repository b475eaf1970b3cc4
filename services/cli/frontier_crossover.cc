// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier_crossover.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace basisbench {
namespace {

constexpr double kBeyond = std::numeric_limits<double>::infinity();

struct Curve {
  std::vector<double> sizes;
  std::vector<double> ratios;
};

enum class End { kMiddle, kLow, kHigh };

Curve CurveOf(const std::vector<SweepPoint>& points, End end) {
  Curve curve;
  for (const SweepPoint& point : points) {
    curve.sizes.push_back(point.size);
    const Interval& speedup = point.speedup;
    curve.ratios.push_back(end == End::kMiddle ? speedup.value
                           : end == End::kLow  ? speedup.low.value_or(speedup.value)
                                               : speedup.high.value_or(speedup.value));
  }
  return curve;
}

// Where the ratio rises to 1 for the last time and stays: 0 when it is never below, kBeyond when it
// ends below.
double RisesAt(const Curve& curve) {
  if (curve.ratios.back() < 1) return kBeyond;
  size_t i = curve.ratios.size();
  while (i > 0 && curve.ratios[i - 1] >= 1) --i;
  if (i == 0) return 0;
  const double before = std::log(curve.ratios[i - 1]);
  const double after = std::log(curve.ratios[i]);
  const double share = before / (before - after);
  const double from = std::log(curve.sizes[i - 1]);
  return std::exp(from + share * (std::log(curve.sizes[i]) - from));
}

// Where it falls to 1 for the last time and stays below.
double FallsAt(Curve curve) {
  for (double& ratio : curve.ratios) ratio = 1 / ratio;
  return RisesAt(curve);
}

int Changes(const Curve& curve) {
  int changes = 0;
  for (size_t i = 1; i < curve.ratios.size(); ++i) {
    if ((curve.ratios[i] < 1) != (curve.ratios[i - 1] < 1)) ++changes;
  }
  return changes;
}

CrossoverKind KindOf(const Curve& middle) {
  const bool ends_faster = middle.ratios.back() >= 1;
  const auto below = [](double ratio) { return ratio < 1; };
  const auto above = [](double ratio) { return ratio > 1; };
  const auto& r = middle.ratios;
  if (ends_faster) {
    return std::any_of(r.begin(), r.end(), below) ? CrossoverKind::kFrom : CrossoverKind::kAlways;
  }
  return std::any_of(r.begin(), r.end(), above) ? CrossoverKind::kUntil : CrossoverKind::kNever;
}

std::optional<double> Inside(double place) {
  if (place <= 0 || place == kBeyond) return std::nullopt;
  return place;
}

}  // namespace

std::string CrossoverKindName(CrossoverKind kind) {
  switch (kind) {
    case CrossoverKind::kAlways:
      return "always";
    case CrossoverKind::kNever:
      return "never";
    case CrossoverKind::kFrom:
      return "from";
    case CrossoverKind::kUntil:
      return "until";
    case CrossoverKind::kTooFew:
      break;
  }
  return "too_few";
}

Crossover FindCrossover(std::vector<SweepPoint> points) {
  Crossover found;
  if (points.empty()) return found;
  std::sort(points.begin(), points.end(),
            [](const SweepPoint& a, const SweepPoint& b) { return a.size < b.size; });
  found.smallest = points.front().size;
  found.largest = points.back().size;
  if (points.size() < 2) return found;
  found.has_interval = std::all_of(points.begin(), points.end(), [](const SweepPoint& point) {
    return point.speedup.low && point.speedup.high;
  });
  const Curve middle = CurveOf(points, End::kMiddle);
  found.kind = KindOf(middle);
  found.changes = Changes(middle);
  const bool falls = found.kind == CrossoverKind::kUntil;
  const auto place = [falls](const Curve& curve) {
    return falls ? FallsAt(curve) : RisesAt(curve);
  };
  found.at = Inside(place(middle));
  if (!found.has_interval) return found;
  // A faster operator crosses at a smaller size when it rises, at a larger one when it falls.
  const double pessimist = place(CurveOf(points, End::kLow));
  const double optimist = place(CurveOf(points, End::kHigh));
  found.low = Inside(std::min(pessimist, optimist));
  found.high = Inside(std::max(pessimist, optimist));
  return found;
}

}  // namespace basisbench
