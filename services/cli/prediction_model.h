// SPDX-License-Identifier: Apache-2.0
// The model by which times at world sizes nobody has are predicted from measured ones. Pure.
//
//   seconds = gamma * FLOPs of a rank + mu * memory bytes of a rank / its copy roof
//           + alpha * messages + beta * wire bytes of the most loaded rank
//
// The memory of a rank is what the most loaded one holds (operands, output, workspace), which an
// iteration touches about once. The compulsory minimum would not do: it counts a weight that every
// rank holds once for the whole gang, so that its share would vanish as ranks are added.
//
// gamma (seconds per FLOP) and mu (a factor) belong to a kernel: an operator in one type, direction
// and cache state, since the stages of a transform run at another rate than a GEMM. alpha and beta
// belong to a level: how far apart the ranks of a gang are. All are fitted together, none below 0,
// with errors relative to the measured time, so that a slow case weighs no more than a fast one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace basisbench {

// The farthest that messages of a gang go.
enum class Level { kWorker, kHost, kNetwork };
// "one worker", "several workers of one host", "several hosts".
std::string LevelName(Level level);

// What one iteration of a case asks of a rank.
struct RankLoad {
  std::string kernel;
  Level level = Level::kWorker;
  uint32_t ranks = 1;
  double flops = 0;           // of one rank
  double memory_seconds = 0;  // what it holds, each byte once, at the copy roof
  double messages = 0;        // of the most loaded rank
  double wire_bytes = 0;

  bool Communicates() const { return messages > 0 || wire_bytes > 0; }
};

// A measured case.
struct Observation {
  std::string key;  // equal for repetitions of one case
  RankLoad load;
  double seconds = 0;  // more than 0
};

struct LinkCost {
  double seconds_per_message = 0;  // alpha
  double seconds_per_byte = 0;     // beta
};

struct KernelCost {
  double seconds_per_flop = 0;  // gamma
  double memory_factor = 0;     // mu
};

struct CostModel {
  std::map<std::string, KernelCost> kernels;
  std::map<Level, LinkCost> links;  // of levels at which messages were sent
};

// The parts of a modelled time (seconds).
struct TimeTerms {
  double compute = 0;
  double memory = 0;
  double latency = 0;
  double transfer = 0;
  double Total() const { return compute + memory + latency + transfer; }
};

// Nothing when the model has no such kernel, or when messages are sent at a level it does not know.
// `given` replaces the link of the model.
std::optional<TimeTerms> Evaluate(const CostModel& model, const RankLoad& load,
                                  const std::optional<LinkCost>& given = std::nullopt);

// Least squares over all observations.
CostModel FitModel(absl::Span<const Observation> observations);

// For each observation in order, the seconds a fit of the observations with other keys gives it;
// nothing where that fit knows too little.
std::vector<std::optional<double>> LeaveOneOut(absl::Span<const Observation> observations);

}  // namespace basisbench
