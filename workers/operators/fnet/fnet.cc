// SPDX-License-Identifier: Apache-2.0
// FNet mixing: the real part of the two-dimensional Fourier transform over tokens and channels,
//   Y = Re(F_N X F_d), F_n[j, k] = exp(-2 pi i jk / n), not normalised.
// Fixed, self-adjoint, and no change of basis: it has rank (N d + c) / 2, c the number of
// frequencies that are their own mirror, and is sqrt(N d) times a partial isometry. Backward is the
// same for dY.
//   FLOPs 2.5 n lg n per real transform: (d/2 + 1) of length N, and of length d N/2 + 1 on one
//   rank, N on several. Minimal bytes 2 b N d. Bytes and messages: the head of sharded_plan.cc.
//   Reference: the double sum in float64, one axis after the other.
// Lee-Thorp, Ainslie, Eckstein, Ontanon, "FNet: mixing tokens with Fourier transforms" (NAACL
// 2022).
#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "services/base/status_macros.h"
#include "workers/operators/fnet/fnet_plans.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

using Complex = std::complex<double>;

const std::vector<Sharding>& Shardings() {
  static const auto& shardings = *new std::vector<Sharding>{FnetToken(), FnetTransposed()};
  return shardings;
}

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "fnet";
  description.family = "transform";
  description.axis = "both";
  description.formula = "Y[k,l] = sum_ij X[i,j] cos(2 pi (ik/N + jl/K))";
  description.source = "Lee-Thorp et al., NAACL 2022";
  description.flops_formula =
      "2.5 (K/2+1) N lg N + 2.5 R K lg K, R = N/2+1 on one rank, N on several";
  description.shardings = NamesOf(Shardings());
  description.dtypes = EveryDtype();
  description.directions = {"forward", "backward"};
  return description;
}

// By the usual count for a real transform.
double FftFlops(int64_t n) { return 2.5 * n * std::log2(static_cast<double>(n)); }

// Rows of a rank whose mirror rows it has too.
int64_t OwnMirrors(const Piece& rows, int64_t tokens) {
  int64_t count = 0;
  for (int64_t i = rows.offset; i < rows.offset + rows.count; ++i) {
    const int64_t mirror = (tokens - i) % tokens;
    count += mirror >= rows.offset && mirror < rows.offset + rows.count;
  }
  return count;
}

// Words that some rank must send. Column by column of the spectrum, what a rank's rows put into the
// real parts that others own is a linear map without a kernel, but for rows whose mirror rows the
// rank has too. Its rank is at least the number below. Backward "transposed", each pair of columns
// of dY has N numbers that matter, and those for rows that are the rank's own with their mirrors
// stay.
double LowerBoundWords(const Problem& problem) {
  if (problem.ranks == 1) return 0;
  const auto [tokens, width, d_out] = problem.shape;
  double most = 0;
  for (int rank = 0; rank < problem.ranks; ++rank) {
    const Piece rows = PartOf(tokens, problem.ranks, rank);
    const Piece columns = ColumnsByRank(width, problem.ranks)[rank];
    const int64_t mirrors = OwnMirrors(rows, tokens);
    const int64_t pairs = Mirrored(columns, width).count, held = columns.count + pairs;
    int64_t words = width * (rows.count - 2 * mirrors);
    if (problem.sharding == "transposed") {
      words = problem.direction == "backward" ? pairs * (tokens - mirrors)
                                              : (width - held) * (rows.count - mirrors);
    }
    most = std::max(most, static_cast<double>(words));
  }
  return most;
}

class Fnet : public Operator {
 public:
  const OperatorDescription& description() const override { return description_; }

  absl::StatusOr<Problem> Resolve(const Problem& problem) const override {
    BB_ASSIGN_OR_RETURN(Problem resolved, ResolveAgainst(description_, problem));
    BB_RETURN_IF_ERROR(RefuseGrid(resolved));
    BB_RETURN_IF_ERROR(RequireSquare(resolved));
    return resolved;
  }

  OperatorCost Cost(const Problem& problem) const override {
    const int64_t tokens = problem.shape.tokens, width = problem.shape.d_in;
    const double elements = static_cast<double>(tokens) * width;
    const double along_rows = problem.ranks == 1 ? HalfOf(tokens) : tokens;
    OperatorCost cost;
    cost.flops_executed = elements;  // the sums that take the even part
    cost.flops_executed += along_rows * FftFlops(width) + HalfOf(width) * FftFlops(tokens);
    // The same map by real products, C_N X C_d - S_N X S_d.
    cost.flops_effective = 4.0 * elements * static_cast<double>(tokens + width);
    cost.bytes_min = 2.0 * DtypeSize(problem.dtype) * elements;
    DeclareRanks(ShardingOf(Shardings(), problem), problem, cost);
    cost.wire_bytes_lower_bound = DtypeSize(problem.dtype) * LowerBoundWords(problem);
    cost.lower_bound_source = "rank of the map from a rank's rows to what others own";
    return cost;
  }

  // Sums of N d terms of order one.
  double OperandScale(const Problem& problem, absl::string_view) const override {
    return 1.0 / std::sqrt(static_cast<double>(problem.shape.tokens) * problem.shape.d_in);
  }

  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override {
    return ShardingOf(Shardings(), problem).make_plan(problem, device, communicator);
  }

  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override;
  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override;
  double ReferenceDerivative(const Problem& problem, const Operands& operands,
                             const Change& change) const override;

  // A stage adds and multiplies: about four roundings for each of lg(N d) stages.
  double RoundingGrowth(const Problem& problem) const override {
    const double elements = static_cast<double>(problem.shape.tokens) * problem.shape.d_in;
    return 4.0 * (2.0 + std::log2(elements));
  }

 private:
  const OperatorDescription description_ = Describe();
};

// exp(-2 pi i t / n) for t in [0, n).
std::vector<Complex> Turns(int64_t n) {
  std::vector<Complex> turns;
  for (int64_t t = 0; t < n; ++t) {
    turns.push_back(
        std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(t) / static_cast<double>(n)));
  }
  return turns;
}

std::vector<double> Fnet::ReferenceRows(const Problem& problem, const Operands& operands,
                                        absl::Span<const int64_t> rows) const {
  const auto [tokens, width, d_out] = problem.shape;
  const std::vector<Complex> along_tokens = Turns(tokens), along_channels = Turns(width);
  std::vector<double> y, x(width);
  std::vector<Complex> mixed(rows.size() * width);
  for (int64_t i = 0; i < tokens; ++i) {
    operands.Row("x", i, 0, absl::MakeSpan(x));
    for (size_t r = 0; r < rows.size(); ++r) {
      const Complex turn = along_tokens[i * rows[r] % tokens];
      for (int64_t j = 0; j < width; ++j) mixed[r * width + j] += turn * x[j];
    }
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    for (int64_t l = 0; l < width; ++l) {
      double sum = 0;
      for (int64_t j = 0; j < width; ++j) {
        const Complex turn = along_channels[j * l % width];
        sum +=
            mixed[r * width + j].real() * turn.real() - mixed[r * width + j].imag() * turn.imag();
      }
      y.push_back(sum);
    }
  }
  return y;
}

// (Y v)[k] = Re sum_i F_N[k, i] sum_j x[i, j] (F_d v)[j]. The transform is sqrt(N d) times an
// isometry and each of its roundings is spread over all outputs, so an output is off by about u
// |X|, and the projection by u |X| |v|.
Operator::Projection Fnet::ReferenceProjection(const Problem& problem, const Operands& operands,
                                               absl::Span<const double> v,
                                               absl::Span<const int64_t> rows) const {
  const auto [tokens, width, d_out] = problem.shape;
  const std::vector<Complex> along_tokens = Turns(tokens), along_channels = Turns(width);
  std::vector<Complex> transformed(width), mixed(tokens);
  double v_squares = 0, x_squares = 0;
  for (int64_t l = 0; l < width; ++l) {
    v_squares += v[l] * v[l];
    if (v[l] == 0) continue;
    for (int64_t j = 0; j < width; ++j) transformed[j] += v[l] * along_channels[j * l % width];
  }
  std::vector<double> x(width);
  for (int64_t i = 0; i < tokens; ++i) {
    operands.Row("x", i, 0, absl::MakeSpan(x));
    for (int64_t j = 0; j < width; ++j) {
      mixed[i] += x[j] * transformed[j];
      x_squares += x[j] * x[j];
    }
  }
  Projection projection;
  for (const int64_t k : rows) {
    double sum = 0;
    for (int64_t i = 0; i < tokens; ++i) {
      const Complex turn = along_tokens[i * k % tokens];
      sum += mixed[i].real() * turn.real() - mixed[i].imag() * turn.imag();
    }
    projection.value.push_back(sum);
    projection.magnitude.push_back(std::sqrt(x_squares * v_squares));
  }
  return projection;
}

// <dY, f(change)> = Re sum_il (sum_k dY[k,l] F_N[k,i]) (change F_d)[i,l], i over the rows that
// change.
double Fnet::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                 const Change& change) const {
  const auto [tokens, width, d_out] = problem.shape;
  const std::vector<Complex> along_tokens = Turns(tokens), along_channels = Turns(width);
  std::vector<Complex> mixed(change.rows.size() * width);
  std::vector<double> dy(width);
  for (int64_t k = 0; k < tokens; ++k) {
    operands.Row("dy", k, 0, absl::MakeSpan(dy));
    for (size_t r = 0; r < change.rows.size(); ++r) {
      const Complex turn = along_tokens[k * change.rows[r] % tokens];
      for (int64_t l = 0; l < width; ++l) mixed[r * width + l] += turn * dy[l];
    }
  }
  long double sum = 0;
  for (size_t r = 0; r < change.rows.size(); ++r) {
    for (int64_t l = 0; l < width; ++l) {
      Complex transformed = 0;
      for (size_t j = 0; j < change.cols.size(); ++j)
        transformed +=
            change.values[r * change.cols.size() + j] * along_channels[change.cols[j] * l % width];
      sum += (mixed[r * width + l] * transformed).real();
    }
  }
  return static_cast<double>(sum);
}

const RegisterOperator kRegister(std::make_unique<Fnet>());

}  // namespace
}  // namespace basisbench
