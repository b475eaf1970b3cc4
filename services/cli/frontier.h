// SPDX-License-Identifier: Apache-2.0
// What a set of records says together: which operator to use instead of MatMul, where, and what it
// gives up. Records in, figures out; tables, JSON and the report only show what is here. Pure
// functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/result.pb.h"
#include "services/cli/derived.h"
#include "services/cli/frontier_crossover.h"
#include "services/cli/frontier_front.h"

namespace basisbench {

// What a captured share of the energy is weighed against.
enum class Axis { kSeconds, kFlops, kMemory, kWire, kJoules };
inline constexpr std::array<Axis, 5> kAxes = {Axis::kSeconds, Axis::kFlops, Axis::kMemory,
                                              Axis::kWire, Axis::kJoules};
// "seconds", "flops", "memory", "wire", "joules".
const std::vector<std::string>& AxisNames();

// Captured energy of arbitrary targets, and of those that have a fast algorithm or a structure.
enum class Gain { kArbitrary, kFast };
inline constexpr std::array<Gain, 2> kGains = {Gain::kArbitrary, Gain::kFast};

struct FrontierPoint {
  const v1::CaseResult* record = nullptr;
  Derived derived;
  size_t group = 0;
  // One line of a sweep over n, tokens or ranks: the operator's name, with parameters only where a
  // group holds several of that name (an operator may choose its parameters by the size).
  std::string series;
  // Empty for a record that takes part; otherwise why it does not.
  std::string excluded;
  std::array<std::optional<Interval>, kAxes.size()> cost;
  std::array<std::optional<double>, kGains.size()> gain;
  int64_t score_n = 0;  // size the gains were scored at; 0 when unknown
  std::array<std::array<Standing, kGains.size()>, kAxes.size()> standing{};
};

// Cases that answer the same question: one shape, type and number of ranks.
struct FrontierGroup {
  std::string place;  // the group without its number of ranks, e.g. "1024x512x512 f32"
  std::string label;  // e.g. "1024x512x512 f32, 2 ranks"
  v1::Shape shape;
  bool mixes_tokens = false;  // its dense rival multiplies along the tokens
  std::string dtype;
  uint32_t ranks = 0;
  std::vector<size_t> points;
  std::optional<size_t> baseline;  // ranked only
  std::string dense;  // name of the operator the others are compared with; may be empty
  // "measured" when every member's memory traffic was counted, otherwise "model" for all of them.
  std::string memory_basis;
  std::optional<double> bound;  // largest speed-up the roofs allow; see frontier_bound.h
  bool bound_applies = false;   // the dense product is compute-bound at this shape
};

// Along "n" the number of tokens is fixed, along "tokens" n is.
struct FrontierCrossover {
  std::string series, sharding, dtype, conditions;
  uint32_t ranks = 0;
  bool mixes_tokens = false;
  std::string along;
  int64_t fixed = 0;
  Crossover crossover;
  std::vector<size_t> points;  // by size
};

// An operator against MatMul of the same place at one number of ranks. Positive savings are the
// operator's, positive additions its costs.
struct FrontierScaling {
  size_t point = 0, baseline = 0;
  double flops_saved = 0;       // executed, all ranks
  double wire_bytes_added = 0;  // all ranks
  std::optional<double> compute_seconds_saved;
  std::optional<double> communication_seconds_added;
  double seconds_saved = 0;  // of the whole
};

// Relative Frobenius error of one operator and type over all its records.
struct FrontierError {
  std::string series, dtype;
  size_t count = 0;
  double smallest = 0, median = 0, largest = 0;
  size_t worst = 0;  // the point of the largest
};

struct Frontier {
  std::vector<FrontierPoint> points;  // in the order of the records
  std::vector<FrontierGroup> groups;
  std::vector<FrontierCrossover> crossovers;
  std::vector<FrontierScaling> scaling;
  std::vector<FrontierError> errors;
  std::optional<size_t> headline;     // the group that is shown first
  std::vector<std::string> warnings;  // what a reader must know of how the records were chosen
};

struct FrontierOptions {
  int64_t tokens = 0;  // only shapes of so many; 0: all
  bool force = false;  // rank unlike records together all the same
};

// Keeps the last of several records of one case (job and index), in the order of first appearance.
std::vector<v1::CaseResult> WithoutRepeats(std::vector<v1::CaseResult> records);

// The records must outlive the result. FAILED_PRECONDITION saying in what the records differ
// (method version or machine) unless forced; INVALID_ARGUMENT when no record is left.
absl::StatusOr<Frontier> BuildFrontier(const std::vector<v1::CaseResult>& records,
                                       const FrontierOptions& options);

// Three sentences: who beats MatMul, from where on, and what that gives up.
std::array<std::string, 3> FrontierAnswer(const Frontier& frontier);

}  // namespace basisbench
