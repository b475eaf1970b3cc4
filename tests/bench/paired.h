// SPDX-License-Identifier: Apache-2.0
// Timing two bodies alternately, so that drift of the machine hits both alike, and the lines of the
// table that the bench programs print. For those programs only; nothing here fails.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "workers/measure/paired_comparison.h"

namespace basisbench {

// What `./dev bench` says of a comparison.
enum class Figure {
  kSpeed,  // theirs / ours in time: 1 is as fast, more is faster
  kTime,   // ours / theirs in time: 1 is as fast, less is faster
};

struct Comparison {
  std::string ours, theirs;
  std::vector<double> ours_seconds, theirs_seconds;  // round by round
  Figure figure = Figure::kSpeed;
  double scale = 1;  // the figure is divided by it, e.g. by a ratio of FLOPs
  double aim = 0;    // least speed or most time; 0: none
  // Round by round, what the machine allows; empty in tables without that column.
  std::vector<double> floor_seconds = {};
  std::string floor = "";  // what bounds it
};

double MedianOf(std::vector<double> values);

// The least time something could take: its FLOPs at the speed of a product, of whose FLOPs it has
// `share`, or its least bytes at the speed of a copy of as many, whichever is more.
struct Bound {
  std::string name;  // "FLOPs", "bytes"
  std::vector<double> seconds;
};
// From the seconds of both, round by round.
Bound LargerBound(double share, const std::vector<double>& gemm, const std::vector<double>& copy);

// Seconds of a call of a body that times itself, from so many calls.
using TimedBody = std::function<double(int calls)>;

// Seconds of each body, round by round. Each round takes about a millisecond per body, or one call
// when that is longer. Takes `rounds` rounds, but stops after `most_seconds`, with at least 6.
std::vector<std::vector<double>> TimeInTurns(absl::Span<const TimedBody> bodies, int rounds,
                                             double most_seconds);

// The same in processor seconds of bodies, each of which runs in the calling thread alone.
std::vector<std::vector<double>> TimeAlternately(absl::Span<const std::function<void()>> bodies,
                                                 int rounds, double most_seconds);
void TimePaired(const std::function<void()>& ours, const std::function<void()>& theirs, int rounds,
                double most_seconds, Comparison& comparison);

// "| ours | theirs | 1.23 ms | 1.20 ms | 0.976 (0.971 to 0.980) of its speed | >= 0.97, met |":
// medians, and the median of the rounds' ratios with its 95 % interval. With floors there is one
// more column, "1.31 (1.29 to 1.34) x bytes": ours over the floor.
void PrintHead(bool floors = false);
void PrintComparison(const Comparison& comparison);

// Processor, load, libraries: what the figures depend on, as a paragraph.
void PrintMachine(const std::vector<std::pair<std::string, std::string>>& libraries);

}  // namespace basisbench
