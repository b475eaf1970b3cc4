// SPDX-License-Identifier: Apache-2.0
// Discrete Hartley transform along either axis, y[k] = sum_j x[j] cas(2 pi jk / n) / sqrt(n) with
// cas = cos + sin: the real, invertible relative of the Fourier transform. Symmetric, orthonormal,
// its own inverse. From a real Fourier transform V: y[k] = Re V_k - Im V_k, y[n-k] = Re V_k + Im
// V_k.
//   FLOPs 2.5 n lg n + 2 n a vector, backward the same. No parameters. Minimal bytes 2 b N n.
#include <cmath>
#include <numbers>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/fft_cost.h"
#include "workers/operators/mixer/row_spectra.h"
#include "workers/operators/registry.h"
#include "workers/operators/transform/transform_mixer.h"

namespace basisbench {
namespace {

class RowHartley : public RowTransform {
 public:
  RowHartley(Device& device, Dtype dtype, int64_t n) : device_(device), dtype_(dtype), n_(n) {}

  absl::Status Allocate(const Blocks& blocks) {
    return spectra_.Allocate(device_, dtype_, n_, blocks, Ways::kThere);
  }

  absl::Status Apply(int64_t rows, const Source& from, const Target& to) override {
    BB_RETURN_IF_ERROR(spectra_.Load(rows, n_, from));
    BB_RETURN_IF_ERROR(spectra_.ToSpectra(rows));
    BB_RETURN_IF_ERROR(Combine(rows, {0, n_ / 2 + 1}, -1, to));
    const Target from_end{ElementAt(dtype_, to.data, (n_ - 1) * to.col), to.row, -to.col};
    return Combine(rows, {1, (n_ - 1) / 2}, 1, from_end);
  }
  absl::Status Adjoint(int64_t rows, const Source& from, const Target& to) override {
    return Apply(rows, from, to);
  }

 private:
  // Re + sign Im of some coefficients, scaled.
  absl::Status Combine(int64_t rows, const Piece& coefficients, double sign, const Target& to) {
    ProductArgs args{.dtype = dtype_, .rows = rows, .cols = coefficients.count};
    args.alpha = 1 / std::sqrt(static_cast<double>(n_));
    const Source z = spectra_.values();
    args.x = ElementAt(dtype_, z.data, 2 * coefficients.offset);
    args.x_row_stride = z.row;
    args.x_col_stride = 2;
    args.y = to.data;
    args.y_row_stride = to.row;
    args.y_col_stride = to.col;
    BB_RETURN_IF_ERROR(ProductAlongY(device_, args));
    args.alpha *= sign;
    args.x = ElementAt(dtype_, z.data, 2 * coefficients.offset + 1);
    args.beta = 1;
    return ProductAlongY(device_, args);
  }

  Device& device_;
  const Dtype dtype_;
  const int64_t n_;
  RowSpectra spectra_;
};

class HartleyMap : public ReferenceMap {
 public:
  explicit HartleyMap(int64_t n) : n_(n) {
    for (int64_t t = 0; t < n; ++t) {
      const double turn = 2 * std::numbers::pi * static_cast<double>(t) / static_cast<double>(n);
      cas_.push_back((std::cos(turn) + std::sin(turn)) / std::sqrt(static_cast<double>(n)));
    }
  }
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    for (int64_t k = 0; k < n_; ++k) outputs[k] = cas_[input * k % n_];
  }

 private:
  const int64_t n_;
  std::vector<double> cas_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "hartley";
  description.family = "transform";
  description.axis = "channel";
  description.formula = "y[k] = sum_j x[j] (cos + sin)(2 pi jk / n) / sqrt(n)";
  description.source = "Hartley 1942; Bracewell, The Hartley Transform, 1986";
  description.flops_formula = "V (2.5 n lg n + 2 n), V vectors of length n";
  description.parameters = {AxisParameter()};
  return description;
}

class Hartley : public TransformMixer {
 public:
  Hartley() : TransformMixer(Describe()) {}

  absl::StatusOr<std::unique_ptr<RowTransform>> MakeTransform(const Problem& problem,
                                                              Device& device,
                                                              const Blocks& blocks) const override {
    auto transform = std::make_unique<RowHartley>(device, problem.dtype, InputLength(problem));
    BB_RETURN_IF_ERROR(transform->Allocate(blocks));
    return transform;
  }
  int64_t TransformElements(int64_t n, int64_t rows) const override {
    return rows * RowSpectra::Leading(n);
  }
  double FlopsPerVector(const Problem& problem) const override {
    const int64_t n = InputLength(problem);
    return RealFftFlops(n) + 2 * static_cast<double>(n);
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights&) const override {
    return std::make_unique<HartleyMap>(InputLength(problem));
  }
  double ForwardRoundings(const Problem& problem) const override {
    return 2 + FftRoundings(InputLength(problem));
  }
};

const RegisterOperator kRegister(std::make_unique<Hartley>());

}  // namespace
}  // namespace basisbench
