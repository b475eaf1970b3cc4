// SPDX-License-Identifier: Apache-2.0
// Causal convolution along the tokens with a filter as long as the sequence for each channel,
// Y[n,c] = G2[n,c] sum_(k <= n) W[n - k, c] G1[k,c] X[k,c]: the core of Hyena. The gates are data
// of X's shape, of which `gates` says how many there are: none, G1, or both.
//   FLOPs 7.5 L lg L + 6 (L/2 + 1) a channel with L >= 2N - 1, the transform of its filter among
//   them, and N for each gate; backward 12.5 L lg L + 12 (L/2 + 1), with two gates once more 2.5 L
//   lg L + 6 (L/2 + 1) for the ungated Y, and 3 N or 5 N for one or two gates. Parameters N K.
//   Gates lie like X and never move; with two of them backward moves one tensor more.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/convolution/convolution.h"
#include "workers/operators/convolution/gated_plan.h"
#include "workers/operators/mixer/fft_cost.h"
#include "workers/operators/mixer/mixer_layout.h"
#include "workers/operators/mixer/row_spectra.h"
#include "workers/operators/operands.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "long_conv";
  description.family = "convolution";
  description.axis = "token";
  description.formula = "Y[n,c] = G2[n,c] sum_{k<=n} W[n-k,c] G1[k,c] X[k,c]";
  description.source = "Poli et al., Hyena Hierarchy, ICML 2023";
  description.flops_formula =
      "K (7.5 L lg L + 6 (L/2 + 1) + gates N), L >= 2N - 1 with prime factors 2, 3, 5";
  description.parameters = {{"gates", "0, 1 (G1) or 2 (G1 and G2)", "0", 0, 2}};
  return description;
}

// One channel of the gated definition, in float64.
class GatedChannel {
 public:
  GatedChannel(const Problem& problem, const Operands& operands, int64_t channel)
      : tokens_(problem.shape.tokens), two_(GatesOf(problem) == 2) {
    for (int64_t k = 0; k < tokens_; ++k) {
      w_.push_back(operands.At("w", k, channel));
      u_.push_back(static_cast<long double>(operands.At("x", k, channel)) *
                   operands.At("g1", k, channel));
      g2_.push_back(two_ ? operands.At("g2", k, channel) : 1.0);
      reach_.push_back((k == 0 ? 0.0 : reach_.back()) + w_.back() * w_.back());
      size_ += static_cast<double>(u_.back() * u_.back());
    }
  }
  long double Y(int64_t n) const {
    long double sum = 0;
    for (int64_t k = 0; k <= n; ++k) sum += u_[k] * w_[n - k];
    return sum * g2_[n];
  }
  // What rounding errors of Y(n) scale with, squared: the norms of what is transformed.
  double Size(int64_t n) const { return g2_[n] * g2_[n] * reach_[n] * size_; }

 private:
  const int64_t tokens_;
  const bool two_;
  std::vector<double> w_, g2_;
  std::vector<long double> u_;
  std::vector<double> reach_;  // of the first taps
  double size_ = 0;
};

class LongConv : public Convolution {
 public:
  LongConv() : Convolution(Describe()) {}

  absl::Status ResolveMixer(Problem&) const override { return absl::OkStatus(); }
  ConvolutionGeometry Geometry(const Problem& problem) const override {
    const int64_t n = problem.shape.tokens;
    return {.in = n,
            .out = n,
            .taps = n,
            .origin = 0,
            .length = FastLength(2 * n - 1),
            .by_channel = true};
  }

  // The gradient of G2 is taken from it.
  bool NeedsOutput(const Problem& problem) const override {
    return problem.direction == "backward" && GatesOf(problem) == 2;
  }

  double FlopsPerVector(const Problem& problem) const override {
    return Convolution::FlopsPerVector(problem) + GateFlopsPerVector(problem);
  }
  double BackwardFlopsPerVector(const Problem& problem) const override {
    const int64_t length = Geometry(problem).length;
    const auto half = static_cast<double>(RowSpectra::Coefficients(length));
    return Convolution::BackwardFlopsPerVector(problem) + GateFlopsPerVector(problem) +
           (NeedsOutput(problem) ? RealFftFlops(length) + 6 * half : 0);
  }

  std::vector<TensorShape> Tensors(const Problem& problem) const override {
    std::vector<TensorShape> tensors = Convolution::Tensors(problem);
    const char* names[] = {"g1", "g2"};
    for (int64_t gate = 0; gate < GatesOf(problem); ++gate)
      tensors.push_back({names[gate], problem.shape.tokens, problem.shape.d_in});
    return tensors;
  }

  OperatorCost Cost(const Problem& problem) const override {
    OperatorCost cost = Convolution::Cost(problem);
    const int64_t passes = GatesOf(problem) * (problem.direction == "backward" ? 2 : 1);
    cost.bytes_min += static_cast<double>(passes * DtypeSize(problem.dtype)) *
                      static_cast<double>(problem.shape.tokens * problem.shape.d_in);
    for (int rank = 0; rank < problem.ranks; ++rank) {
      const int64_t held = MixerLayout(*this, problem, rank).HeldElements(problem.shape.d_in);
      cost.memory_bytes[rank] += GatedElements(problem, held) * DtypeSize(problem.dtype);
    }
    return cost;
  }

  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override {
    BB_ASSIGN_OR_RETURN(auto mixer, Convolution::MakePlan(problem, device, communicator));
    if (GatesOf(problem) == 0) return mixer;
    return MakeGatedPlan(problem, device, std::move(mixer));
  }

  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override;
  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override;
  double ReferenceDerivative(const Problem& problem, const Operands& operands,
                             const Change& change) const override;

  // Each gate is one product more, on the way there and on the way back.
  double RoundingGrowth(const Problem& problem) const override {
    return Convolution::RoundingGrowth(problem) + 2 * static_cast<double>(GatesOf(problem));
  }

 private:
  static double GateFlopsPerVector(const Problem& problem) {
    return GateFlops(problem) * static_cast<double>(problem.shape.tokens);
  }
};

std::vector<double> LongConv::ReferenceRows(const Problem& problem, const Operands& operands,
                                            absl::Span<const int64_t> rows) const {
  if (GatesOf(problem) == 0) return Convolution::ReferenceRows(problem, operands, rows);
  const int64_t width = problem.shape.d_in;
  std::vector<double> y(rows.size() * static_cast<size_t>(width));
  for (int64_t c = 0; c < width; ++c) {
    const GatedChannel channel(problem, operands, c);
    for (size_t i = 0; i < rows.size(); ++i)
      y[i * width + c] = static_cast<double>(channel.Y(rows[i]));
  }
  return y;
}

Operator::Projection LongConv::ReferenceProjection(const Problem& problem, const Operands& operands,
                                                   absl::Span<const double> v,
                                                   absl::Span<const int64_t> rows) const {
  if (GatesOf(problem) == 0) return Convolution::ReferenceProjection(problem, operands, v, rows);
  std::vector<long double> values(rows.size(), 0);
  std::vector<double> squares(rows.size(), 0.0);
  for (int64_t c = 0; c < problem.shape.d_in; ++c) {
    if (v[c] == 0) continue;
    const GatedChannel channel(problem, operands, c);
    for (size_t i = 0; i < rows.size(); ++i) {
      values[i] += channel.Y(rows[i]) * v[c];
      squares[i] += channel.Size(rows[i]) * v[c] * v[c];
    }
  }
  Projection projection;
  projection.value.assign(values.begin(), values.end());
  for (const double square : squares) projection.magnitude.push_back(std::sqrt(square));
  return projection;
}

// Y is linear in each of the tensors, channel by channel.
double LongConv::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                     const Change& change) const {
  if (GatesOf(problem) == 0) return Convolution::ReferenceDerivative(problem, operands, change);
  const ChangedOperands changed(operands, change, 1.0, /*keep=*/false);
  long double sum = 0;
  for (const int64_t c : std::set<int64_t>(change.cols.begin(), change.cols.end())) {
    const GatedChannel channel(problem, changed, c);
    for (int64_t n = 0; n < problem.shape.tokens; ++n)
      sum += channel.Y(n) * operands.At("dy", n, c);
  }
  return static_cast<double>(sum);
}

const RegisterOperator kRegister(std::make_unique<LongConv>());

}  // namespace
}  // namespace basisbench
