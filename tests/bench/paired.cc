// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/paired.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>

namespace basisbench {
namespace {

double SecondsOf(const std::function<void()>& body, int repeats) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / repeats;
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

void TimePaired(const std::function<void()>& ours, const std::function<void()>& theirs, int rounds,
                double most_seconds, Comparison& comparison) {
  constexpr double kRound = 1e-3;
  constexpr int kFewest = 6;
  ours();
  theirs();
  const int repeats_ours = std::max(1, static_cast<int>(kRound / SecondsOf(ours, 1)));
  const int repeats_theirs = std::max(1, static_cast<int>(kRound / SecondsOf(theirs, 1)));
  double spent = 0;
  for (int i = 0; i < rounds && (i < kFewest || spent < most_seconds); ++i) {
    comparison.ours_seconds.push_back(SecondsOf(ours, repeats_ours));
    comparison.theirs_seconds.push_back(SecondsOf(theirs, repeats_theirs));
    spent += comparison.ours_seconds.back() * repeats_ours +
             comparison.theirs_seconds.back() * repeats_theirs;
  }
}

void PrintHead() {
  std::printf("\n| ours | against | its time | ours | ratio (95 %%) | aim |\n");
  std::printf("|---|---|---|---|---|---|\n");
}

void PrintComparison(const Comparison& comparison) {
  const bool speed = comparison.figure == Figure::kSpeed;
  const auto& over = speed ? comparison.theirs_seconds : comparison.ours_seconds;
  const auto& under = speed ? comparison.ours_seconds : comparison.theirs_seconds;
  const PairedComparison ratio = ComparePaired(over, under);
  const double value = ratio.speedup / comparison.scale;
  std::printf("| %s | %s | %s | %s | %.3f", comparison.ours.c_str(), comparison.theirs.c_str(),
              Duration(MedianOf(comparison.theirs_seconds)).c_str(),
              Duration(MedianOf(comparison.ours_seconds)).c_str(), value);
  if (ratio.speedup_low && ratio.speedup_high) {
    std::printf(" (%.3f to %.3f)", *ratio.speedup_low / comparison.scale,
                *ratio.speedup_high / comparison.scale);
  }
  const char* of = comparison.scale != 1 ? "of the FLOP ratio"
                   : speed               ? "of its speed"
                                         : "of its time";
  std::printf(" %s | ", of);
  if (comparison.aim == 0) {
    std::printf("– |\n");
  } else {
    const bool met = speed ? value >= comparison.aim : value <= comparison.aim;
    std::printf("%s %g: %s |\n", speed ? "≥" : "≤", comparison.aim, met ? "met" : "missed");
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
