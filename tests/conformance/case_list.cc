// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/case_list.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/conformance/devices/conforming_device.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/variants.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

// Square and not, divisible by the rank counts and not, smaller than the rank counts, and long
// enough inside for several panels. Powers of two and squares are among them for the operators that
// need those, and twice as many columns before as after for one that wants them.
constexpr ProblemShape kShapes[] = {{64, 64, 64}, {1, 16, 16},    {13, 17, 11}, {2, 3, 5},
                                    {37, 48, 48}, {24, 256, 256}, {67, 5, 3},   {3, 64, 128},
                                    {30, 18, 18}, {12, 1100, 20}, {21, 32, 16}};

// Between processes, every second one, and halves on few ranks: what a rank computes is covered
// with ranks as threads. On many ranks, every second one where an element is not f64: how a shape
// is cut does not depend on how elements are stored.
constexpr int kProcessHalfRanks = 2, kEveryShapeRanks = 2;

bool IsRun(size_t shape, const ConformanceCase& one) {
  const bool every =
      Backend() == "local" && (one.dtype == Dtype::kF64 || one.ranks <= kEveryShapeRanks);
  return every || shape % 2 == 0;
}

constexpr int kVariantRanks = 3;
// The most ranks that wrong outputs are tried on.
constexpr int kControlledRanks = 8, kControlledFewRanks = 2;

// Products in tf32 are those in f32 with other operands: few ranks are enough.
constexpr int kTf32Ranks = 2;

bool HasTf32() {
  static const bool has = [] {
    const auto device = MakeConformingDevice();
    return device.ok() && (*device)->HasTf32();
  }();
  return has;
}

bool IsControlled(const ConformanceCase& one) {
  const bool few = one.dtype != Dtype::kF64 || !one.variant.empty();
  return one.ranks <= (few ? kControlledFewRanks : kControlledRanks);
}

// Every two- and three-dimensional grid.
std::vector<std::string> Grids(int ranks) {
  std::vector<std::string> grids;
  for (int rows = 1; rows <= ranks; ++rows) {
    if (ranks % rows != 0) continue;
    grids.push_back(absl::StrCat(rows, "x", ranks / rows));
    for (int cols = 1; cols <= ranks / rows; ++cols) {
      if (ranks / rows % cols == 0)
        grids.push_back(absl::StrCat(rows, "x", cols, "x", ranks / rows / cols));
    }
  }
  return grids;
}

std::vector<ConformanceCase> Lines(const std::string& direction) {
  std::vector<ConformanceCase> lines;
  for (const Operator* op : AllOperators()) {
    for (const std::string& sharding : op->description().shardings) {
      for (const Dtype dtype : op->description().dtypes) {
        for (const int ranks : RankCounts()) {
          if (dtype == Dtype::kTf32 && (!HasTf32() || ranks > kTf32Ranks)) continue;
          if (Backend() != "local" && IsHalf(dtype) && ranks > kProcessHalfRanks) continue;
          lines.push_back({op, sharding, dtype, ranks, direction});
        }
      }
    }
  }
  return lines;
}

// Parameters change the mathematics, not how elements are stored: one type of few ranks is enough.
std::vector<ConformanceCase> LinesOfVariants(const std::string& direction) {
  std::vector<ConformanceCase> lines;
  for (const Variant& variant : Variants()) {
    for (ConformanceCase line : Lines(direction)) {
      if (line.op->description().name != variant.op || line.dtype != Dtype::kF64) continue;
      if (line.ranks > kVariantRanks) continue;
      line.variant = variant.label;
      line.parameters = variant.parameters;
      line.shapes = variant.shapes;
      lines.push_back(line);
    }
  }
  return lines;
}

}  // namespace

std::vector<ConformanceCase> EveryLine() { return Lines("forward"); }

std::vector<ConformanceCase> AllCases(const std::string& direction) {
  std::vector<ConformanceCase> cases = Lines(direction);
  const std::vector<ConformanceCase> variants = LinesOfVariants(direction);
  cases.insert(cases.end(), variants.begin(), variants.end());
  cases.erase(std::remove_if(cases.begin(), cases.end(),
                             [](const ConformanceCase& one) { return one.Problems().empty(); }),
              cases.end());
  return cases;
}

std::vector<ConformanceCase> ControlledCases(const std::string& direction) {
  std::vector<ConformanceCase> cases = AllCases(direction);
  cases.erase(std::remove_if(cases.begin(), cases.end(),
                             [](const ConformanceCase& one) { return !IsControlled(one); }),
              cases.end());
  return cases;
}

std::vector<Problem> ConformanceCase::Problems() const {
  std::vector<ProblemShape> tried = shapes;
  for (size_t index = 0; index < std::size(kShapes); ++index) {
    if (IsRun(index, *this)) tried.push_back(kShapes[index]);
  }
  std::vector<Problem> problems;
  for (const ProblemShape& shape : tried) {
    Problem problem;
    problem.operator_name = op->description().name;
    problem.shape = shape;
    problem.dtype = dtype;
    problem.sharding = sharding;
    problem.ranks = ranks;
    problem.direction = direction;
    problem.parameters = parameters;
    const auto resolved = op->Resolve(problem);
    if (!resolved.ok()) continue;
    problems.push_back(*resolved);
    if (resolved->grid.empty()) continue;
    for (const std::string& grid : Grids(ranks)) {
      problem.grid = grid;
      if (grid == resolved->grid) continue;
      if (const auto on_grid = op->Resolve(problem); on_grid.ok()) problems.push_back(*on_grid);
    }
  }
  return problems;
}

std::string CaseName(const ConformanceCase& one) {
  return absl::StrCat(one.op->description().name, one.variant.empty() ? "" : "_", one.variant, "_",
                      one.sharding, "_", std::string(DtypeName(one.dtype)), "_", one.ranks);
}

std::string Describe(const Problem& problem) {
  std::string text = absl::StrCat(
      problem.operator_name, " ", problem.shape.tokens, "x", problem.shape.d_in, "x",
      problem.shape.d_out, " ", std::string(DtypeName(problem.dtype)), " ", problem.direction, " ",
      problem.sharding, " on ", problem.ranks, " ranks (", Backend(), ")");
  if (!problem.grid.empty()) absl::StrAppend(&text, " grid ", problem.grid);
  for (const auto& [name, value] : problem.parameters)
    absl::StrAppend(&text, " ", name, "=", value);
  return text;
}

}  // namespace basisbench
