// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stages/butterfly_mixer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/operands.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

class ButterflyKernel : public TileKernel {
 public:
  ButterflyKernel(int64_t n, std::vector<int64_t> strides, Dtype dtype, Device& device,
                  const void* blocks, void* gradient)
      : n_(n),
        strides_(std::move(strides)),
        dtype_(dtype),
        device_(device),
        blocks_(blocks),
        gradient_(gradient) {}

  absl::Status Forward(const Tile& tile) override {
    return device_.LinearStages({.dtype = dtype_,
                                 .n = n_,
                                 .cols = tile.vectors,
                                 .strides = strides_,
                                 .blocks = blocks_,
                                 .x = tile.x,
                                 .y = tile.y});
  }

  // The inputs of the factors are made again; the output goes where dx will be.
  absl::Status Backward(const Tile& tile) override {
    BB_RETURN_IF_ERROR(device_.LinearStages({.dtype = dtype_,
                                             .n = n_,
                                             .cols = tile.vectors,
                                             .strides = strides_,
                                             .blocks = blocks_,
                                             .x = tile.x,
                                             .y = tile.dx,
                                             .between = tile.scratch}));
    return device_.LinearStagesGradient({.dtype = dtype_,
                                         .n = n_,
                                         .cols = tile.vectors,
                                         .strides = strides_,
                                         .blocks = blocks_,
                                         .x = tile.x,
                                         .between = tile.scratch,
                                         .dy = tile.dy,
                                         .dx = tile.dx,
                                         .beta = tile.first ? 0.0 : 1.0,
                                         .gradient = gradient_});
  }

 private:
  const int64_t n_;
  const std::vector<int64_t> strides_;
  const Dtype dtype_;
  Device& device_;
  const void* blocks_;
  void* gradient_;
};

// The factors one after the other on a unit vector.
class ButterflyMap : public ReferenceMap {
 public:
  ButterflyMap(std::vector<int64_t> strides, const ReferenceWeights& weights)
      : strides_(std::move(strides)), w_(weights.at("w")) {}

  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    const auto n = static_cast<int64_t>(outputs.size());
    std::fill(outputs.begin(), outputs.end(), 0.0);
    outputs[input] = 1;
    for (size_t factor = 0; factor < strides_.size(); ++factor) {
      const int64_t stride = strides_[factor];
      int64_t pair = static_cast<int64_t>(factor) * n / 2;
      for (int64_t i = 0; i < n; ++i) {
        if (i / stride % 2 != 0) continue;
        const double* block = &w_[4 * pair++];
        const double a = outputs[i], b = outputs[i + stride];
        outputs[i] = block[0] * a + block[1] * b;
        outputs[i + stride] = block[2] * a + block[3] * b;
      }
    }
  }

 private:
  const std::vector<int64_t> strides_;
  const std::vector<double> w_;
};

// Takes a vector a and its tangent t through one factor and the factor's tangent dw.
void Push(int64_t stride, const double* w, const double* dw, std::vector<double>& a,
          std::vector<double>& t) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (i / stride % 2 != 0) continue;
    const size_t k = i + stride;
    const double a0 = a[i], a1 = a[k], t0 = t[i], t1 = t[k];
    t[i] = w[0] * t0 + w[1] * t1 + dw[0] * a0 + dw[1] * a1;
    t[k] = w[2] * t0 + w[3] * t1 + dw[2] * a0 + dw[3] * a1;
    a[i] = w[0] * a0 + w[1] * a1;
    a[k] = w[2] * a0 + w[3] * a1;
    w += 4, dw += 4;
  }
}

int64_t Factors(const ButterflyMixer& mixer, const Problem& problem) {
  return static_cast<int64_t>(mixer.Strides(problem).size());
}

}  // namespace

absl::Status ButterflyMixer::ResolveMixer(Problem& problem) const {
  BB_RETURN_IF_ERROR(CheckAxis(problem));
  BB_RETURN_IF_ERROR(RequireSquare(problem));
  const int64_t n = InputLength(problem);
  if (n >= 2 && std::has_single_bit(static_cast<uint64_t>(n))) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat(problem.operator_name, ": the length ", n, " is no power of two of at least 2"));
}

std::vector<Weight> ButterflyMixer::Weights(const Problem& problem) const {
  return {{"w", Factors(*this, problem) * InputLength(problem), 2, std::sqrt(0.5)}};
}

double ButterflyMixer::FlopsPerVector(const Problem& problem) const {
  return 4.0 * static_cast<double>(InputLength(problem) * Factors(*this, problem));
}

double ButterflyMixer::BackwardFlopsPerVector(const Problem& problem) const {
  return 3 * FlopsPerVector(problem);
}

int64_t ButterflyMixer::ScratchPerVector(const Problem& problem) const {
  if (problem.direction != "backward") return 0;
  return (Factors(*this, problem) - 1) * InputLength(problem);
}

absl::StatusOr<std::unique_ptr<TileKernel>> ButterflyMixer::MakeKernel(
    const Problem& problem, Device& device, const LocalOperands& operands) const {
  return MakeButterflyKernel(InputLength(problem), Strides(problem), problem.dtype, device,
                             operands.weights[0], operands.gradients[0]);
}

std::unique_ptr<TileKernel> MakeButterflyKernel(int64_t n, std::vector<int64_t> strides,
                                                Dtype dtype, Device& device, const void* blocks,
                                                void* gradient) {
  return std::make_unique<ButterflyKernel>(n, std::move(strides), dtype, device, blocks, gradient);
}

std::unique_ptr<ReferenceMap> ButterflyMixer::MakeReference(const Problem& problem,
                                                            const ReferenceWeights& weights) const {
  return std::make_unique<ButterflyMap>(Strides(problem), weights);
}

// Y is linear in each factor, not in all of them at once: tangents go through the factors with the
// vectors.
double ButterflyMixer::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                           const Change& change) const {
  if (change.tensor == "x") return TiledMixer::ReferenceDerivative(problem, operands, change);
  const int64_t n = InputLength(problem), rows = n * Factors(*this, problem);
  const ChangedOperands changed(operands, change, 1.0, /*keep=*/false);
  std::vector<double> w(2 * rows), dw(2 * rows), a(n), t(n);
  for (int64_t row = 0; row < rows; ++row) {
    operands.Row("w", row, 0, absl::MakeSpan(w).subspan(2 * row, 2));
    changed.Row("w", row, 0, absl::MakeSpan(dw).subspan(2 * row, 2));
  }
  const bool tokens = MixesTokens(problem);
  long double sum = 0;
  for (int64_t v = 0; v < Vectors(problem); ++v) {
    for (int64_t i = 0; i < n; ++i) a[i] = tokens ? operands.At("x", i, v) : operands.At("x", v, i);
    std::fill(t.begin(), t.end(), 0.0);
    int64_t at = 0;
    for (const int64_t stride : Strides(problem)) {
      Push(stride, &w[at], &dw[at], a, t);
      at += 2 * n;
    }
    for (int64_t i = 0; i < n; ++i) {
      const long double dy = tokens ? operands.At("dy", i, v) : operands.At("dy", v, i);
      sum += dy * t[i];
    }
  }
  return static_cast<double>(sum);
}

// A sum of two in each factor.
double ButterflyMixer::ForwardRoundings(const Problem& problem) const {
  return 2.0 * static_cast<double>(Factors(*this, problem));
}

absl::StatusOr<double> ButterflyMixer::IntegerBound(const Problem& problem) const {
  return 2.0 * std::pow(4.0, static_cast<double>(Factors(*this, problem)));
}

}  // namespace basisbench
