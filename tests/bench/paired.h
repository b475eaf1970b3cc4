// SPDX-License-Identifier: Apache-2.0
// Timing two bodies alternately, so that drift of the machine hits both alike. For the bench
// programs only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace basisbench {

inline double SecondsOf(const std::function<void()>& body, int repeats) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / repeats;
}

inline double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

struct Paired {
  double ours_seconds = 0, theirs_seconds = 0;  // medians
  double ratio = 0;                             // median of ours / theirs, round by round
};

// Each round takes about a millisecond per body, or one call when that is longer.
inline Paired ComparePaired(const std::function<void()>& ours, const std::function<void()>& theirs,
                            int rounds = 31) {
  constexpr double kRound = 1e-3;
  ours();
  theirs();
  const int repeats_ours = std::max(1, static_cast<int>(kRound / SecondsOf(ours, 1)));
  const int repeats_theirs = std::max(1, static_cast<int>(kRound / SecondsOf(theirs, 1)));
  std::vector<double> a, b, ratio;
  for (int i = 0; i < rounds; ++i) {
    a.push_back(SecondsOf(ours, repeats_ours));
    b.push_back(SecondsOf(theirs, repeats_theirs));
    ratio.push_back(a.back() / b.back());
  }
  return {Median(a), Median(b), Median(ratio)};
}

inline void PrintPaired(const std::string& ours, const std::string& theirs, const Paired& p) {
  std::printf("%-34s %-26s %10.1f us %10.1f us   %6.3f\n", ours.c_str(), theirs.c_str(),
              p.ours_seconds * 1e6, p.theirs_seconds * 1e6, p.ratio);
  std::fflush(stdout);
}

}  // namespace basisbench
