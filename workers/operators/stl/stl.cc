// SPDX-License-Identifier: Apache-2.0
// Strassen-Tile: X and W are cut into t x t tiles, and products of tiles are taken by a bilinear
// algorithm of rank r, whether or not it is that of matrix multiplication:
//   vec Y_ij = D sum_l (E_X vec X_il) * (E_W vec W_lj), * elementwise.
// With Strassen's encoders it is the product X W; with others it is near it. It mixes t tokens of a
// tile. Edges are filled up with zeros. The encoders are fixed (encoders.h), W is encoded in every
// run, or is an encoded operand already (`encoded` = 1).
//   FLOPs 2 r (NK + KM + NM) + 2 N K M r / t^3; encoded 2 r (NK + NM) + the same. Parameters K M,
//   encoded r K M / t^2. Backward: all of it twice but the decoding of Y.
//   Source: Ailon, Bercovich, Weinstein, "Strassen-Tile", 2025.
#include <algorithm>
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"
#include "workers/operators/stl/stl_plan.h"
#include "workers/operators/stl/stl_reference.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "stl";
  description.family = "dense";
  description.axis = "channel";
  description.formula = "vec Y_ij = D sum_l (E_X vec X_il) * (E_W vec W_lj) on t x t tiles";
  description.source = "Ailon, Bercovich, Weinstein, arXiv 2503.12211, 2025";
  description.flops_formula = "2 N K M r / t^3 + 2 r (N K + K M + N M)";
  description.parameters = {
      {"tile", "side t of a tile", "2", 1, 8},
      {"rank", "products r of a pair of tiles; the default is Strassen's, 7^lg t", "", 1, 512},
      {"init", "encoders: strassen, naive_subset, als or random", "strassen"},
      {"encoded", "1: W is an encoded operand, 0: it is encoded in every run", "0", 0, 1}};
  description.shardings = NamesOf(StlShardings());
  description.dtypes = EveryDtype();
  description.directions = {"forward", "backward"};
  return description;
}

// Largest sum of the magnitudes of a row.
double RowNorm(const std::vector<double>& matrix, int64_t cols) {
  double largest = 0;
  for (size_t first = 0; first < matrix.size(); first += static_cast<size_t>(cols)) {
    double sum = 0;
    for (int64_t j = 0; j < cols; ++j) sum += std::fabs(matrix[first + j]);
    largest = std::max(largest, sum);
  }
  return largest;
}

bool IsInteger(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return value == std::round(value); });
}

class Stl : public Operator {
 public:
  const OperatorDescription& description() const override { return description_; }

  absl::StatusOr<Problem> Resolve(const Problem& problem) const override {
    BB_ASSIGN_OR_RETURN(Problem resolved, ResolveAgainst(description_, problem));
    BB_RETURN_IF_ERROR(RefuseGrid(resolved));
    const int64_t tile = IntegerParameter(resolved, "tile");
    DefaultParameter(resolved, "rank", std::min<int64_t>(StrassenRank(tile), tile * tile * tile));
    BB_RETURN_IF_ERROR(
        CheckEncoders(resolved.parameters.at("init"), tile, IntegerParameter(resolved, "rank")));
    return resolved;
  }

  std::vector<TensorShape> Tensors(const Problem& problem) const override {
    return {{"x", problem.shape.tokens, problem.shape.d_in}, StlWeight(problem)};
  }

  OperatorCost Cost(const Problem& problem) const override {
    const auto n = static_cast<double>(problem.shape.tokens),
               k = static_cast<double>(problem.shape.d_in),
               m = static_cast<double>(problem.shape.d_out);
    const bool backward = problem.direction == "backward";
    const TensorShape weight = StlWeight(problem);
    OperatorCost cost;
    cost.parameters = weight.rows * weight.cols;
    const auto parameters = static_cast<double>(cost.parameters);
    cost.flops_executed = StlFlops(problem);
    cost.flops_effective = 2 * n * k * m * (backward ? 2 : 1);
    cost.bytes_min = static_cast<double>(DtypeSize(problem.dtype)) *
                     (n * k * (backward ? 2 : 1) + n * m + parameters * (backward ? 2 : 1));
    DeclareRanks(ShardingOf(StlShardings(), problem), problem, cost);
    cost.lower_bound_source = "none known for this class of maps";
    return cost;
  }

  double OperandScale(const Problem& problem, absl::string_view tensor) const override {
    return tensor == "w" ? 1 / std::sqrt(static_cast<double>(problem.shape.d_in)) : 1.0;
  }

  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override {
    return ShardingOf(StlShardings(), problem).make_plan(problem, device, communicator);
  }

  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override {
    return StlReference(problem, operands).Rows(rows);
  }

  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override {
    return StlReference(problem, operands).Project(v, rows);
  }

  // Sums over a tile, over the tiles and over the products; terms of exact algorithms cancel, by a
  // factor near t.
  double RoundingGrowth(const Problem& problem) const override {
    const auto tile = static_cast<double>(IntegerParameter(problem, "tile")),
               rank = static_cast<double>(IntegerParameter(problem, "rank"));
    const double longest =
        problem.direction == "forward"
            ? static_cast<double>(problem.shape.d_in)
            : static_cast<double>(std::max(problem.shape.d_out, problem.shape.tokens));
    return tile * tile * (longest / tile + 2 * tile * tile + rank);
  }

  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    const Encoders& encoders = EncodersOf(problem);
    if (!IsInteger(encoders.x) || !IsInteger(encoders.w) || !IsInteger(encoders.decoder))
      return absl::UnimplementedError("encoders that are not integers");
    const int64_t places = encoders.tile * encoders.tile;
    const double weight =
        IntegerParameter(problem, "encoded") == 1 ? 2 : 2 * RowNorm(encoders.w, places);
    const auto tiles = static_cast<double>(problem.shape.d_in / encoders.tile + 1);
    return 2 * RowNorm(encoders.x, places) * weight * tiles *
           RowNorm(encoders.decoder, encoders.rank);
  }

 private:
  const OperatorDescription description_ = Describe();
};

const RegisterOperator kRegister(std::make_unique<Stl>());

}  // namespace
}  // namespace basisbench
