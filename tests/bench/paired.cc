// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/paired.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <utility>

namespace basisbench {
namespace {

// Of this thread: what other processes take of the machine does not count.
double ProcessorSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double SecondsOf(const std::function<void()>& body, int repeats) {
  const double start = ProcessorSeconds();
  for (int i = 0; i < repeats; ++i) body();
  return (ProcessorSeconds() - start) / repeats;
}

std::string Duration(double seconds) {
  char text[32];
  if (seconds >= 1e-3) {
    std::snprintf(text, sizeof text, "%.3g ms", seconds * 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.3g us", seconds * 1e6);
  }
  return text;
}

// "0.976 (0.971 to 0.980)": the median of the rounds' ratios over `scale`, and its 95 % interval.
std::string Ratio(const std::vector<double>& over, const std::vector<double>& under, double scale) {
  const PairedComparison ratio = ComparePaired(over, under);
  char text[64];
  if (ratio.speedup_low && ratio.speedup_high) {
    std::snprintf(text, sizeof text, "%.3f (%.3f to %.3f)", ratio.speedup / scale,
                  *ratio.speedup_low / scale, *ratio.speedup_high / scale);
  } else {
    std::snprintf(text, sizeof text, "%.3f", ratio.speedup / scale);
  }
  return text;
}

// After the colon of the first line of `path` that starts with `key`.
std::string LineOf(const char* path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(key, 0) != 0) continue;
    const size_t colon = line.find(':');
    return colon == std::string::npos ? line
                                      : line.substr(line.find_first_not_of(" \t", colon + 1));
  }
  return "unknown";
}

}  // namespace

double MedianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

Bound LargerBound(double share, const std::vector<double>& gemm, const std::vector<double>& copy) {
  const bool by_flops = share * MedianOf(gemm) > MedianOf(copy);
  Bound bound{by_flops ? "FLOPs" : "bytes", by_flops ? gemm : copy};
  if (by_flops) {
    for (double& seconds : bound.seconds) seconds *= share;
  }
  return bound;
}

std::vector<std::vector<double>> TimeInTurns(absl::Span<const TimedBody> bodies, int rounds,
                                             double most_seconds) {
  constexpr double kRound = 1e-3;
  constexpr int kFewest = 6;
  std::vector<int> calls;
  for (const TimedBody& body : bodies) body(1);
  for (const TimedBody& body : bodies)
    calls.push_back(std::max(1, static_cast<int>(kRound / body(1))));
  std::vector<std::vector<double>> seconds(bodies.size());
  double spent = 0;
  for (int i = 0; i < rounds && (i < kFewest || spent < most_seconds); ++i) {
    for (size_t body = 0; body < bodies.size(); ++body) {
      seconds[body].push_back(bodies[body](calls[body]));
      spent += seconds[body].back() * calls[body];
    }
  }
  return seconds;
}

std::vector<std::vector<double>> TimeAlternately(absl::Span<const std::function<void()>> bodies,
                                                 int rounds, double most_seconds) {
  std::vector<TimedBody> timed;
  for (const auto& body : bodies)
    timed.push_back([&body](int calls) { return SecondsOf(body, calls); });
  return TimeInTurns(timed, rounds, most_seconds);
}

void TimePaired(const std::function<void()>& ours, const std::function<void()>& theirs, int rounds,
                double most_seconds, Comparison& comparison) {
  auto seconds = TimeAlternately({ours, theirs}, rounds, most_seconds);
  comparison.ours_seconds = std::move(seconds[0]);
  comparison.theirs_seconds = std::move(seconds[1]);
}

void PrintHead(bool floors) {
  std::printf("\n| ours | against | its time | ours | ratio (95 %%) | %saim |\n",
              floors ? "of its floor (95 %) | " : "");
  std::printf("|---|---|---|---|---|%s---|\n", floors ? "---|" : "");
}

void PrintComparison(const Comparison& comparison) {
  const bool speed = comparison.figure == Figure::kSpeed;
  const auto& over = speed ? comparison.theirs_seconds : comparison.ours_seconds;
  const auto& under = speed ? comparison.ours_seconds : comparison.theirs_seconds;
  const char* of = comparison.scale != 1 ? "of the FLOP ratio"
                   : speed               ? "of its speed"
                                         : "of its time";
  std::printf("| %s | %s | %s | %s | %s %s |", comparison.ours.c_str(), comparison.theirs.c_str(),
              Duration(MedianOf(comparison.theirs_seconds)).c_str(),
              Duration(MedianOf(comparison.ours_seconds)).c_str(),
              Ratio(over, under, comparison.scale).c_str(), of);
  if (!comparison.floor.empty()) {
    std::printf(" %s × %s |", Ratio(comparison.ours_seconds, comparison.floor_seconds, 1).c_str(),
                comparison.floor.c_str());
  }
  if (comparison.aim == 0) {
    std::printf(" – |\n");
  } else {
    const double value = ComparePaired(over, under).speedup / comparison.scale;
    const bool met = speed ? value >= comparison.aim : value <= comparison.aim;
    std::printf(" %s %g: %s |\n", speed ? "≥" : "≤", comparison.aim, met ? "met" : "missed");
  }
  std::fflush(stdout);
}

void PrintMachine(const std::vector<std::pair<std::string, std::string>>& libraries) {
  utsname system = {};
  uname(&system);
  std::string load = "unknown";
  std::ifstream("/proc/loadavg") >> load;
  std::printf("Machine: %s, %ld CPUs, %s of memory, Linux %s, load %s at the start",
              LineOf("/proc/cpuinfo", "model name").c_str(), sysconf(_SC_NPROCESSORS_ONLN),
              LineOf("/proc/meminfo", "MemTotal").c_str(), system.release, load.c_str());
  for (const auto& [name, version] : libraries)
    std::printf("; %s: %s", name.c_str(), version.c_str());
  std::printf(".\n");
}

}  // namespace basisbench
