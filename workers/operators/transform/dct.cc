// SPDX-License-Identifier: Apache-2.0
// Orthonormal discrete cosine transform (DCT-II) along either axis,
//   y[k] = s_k sum_j x[j] cos(pi (2j + 1) k / 2n), s_0 = sqrt(1/n), s_k = sqrt(2/n).
//   FLOPs 2.5 n lg n + 3 n a vector, backward the same. No parameters. Minimal bytes 2 b N n.
#include <cmath>
#include <numbers>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/fft_cost.h"
#include "workers/operators/registry.h"
#include "workers/operators/transform/row_dct.h"
#include "workers/operators/transform/transform_mixer.h"

namespace basisbench {
namespace {

// The sum of the definition; cosines repeat after 4n.
class DctMap : public ReferenceMap {
 public:
  explicit DctMap(int64_t n) : n_(n) {
    for (int64_t t = 0; t < 4 * n; ++t)
      cosines_.push_back(
          std::cos(std::numbers::pi * static_cast<double>(t) / static_cast<double>(2 * n)));
  }
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    for (int64_t k = 0; k < n_; ++k) {
      const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(n_));
      outputs[k] = scale * cosines_[(2 * input + 1) * k % (4 * n_)];
    }
  }

 private:
  const int64_t n_;
  std::vector<double> cosines_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "dct";
  description.family = "transform";
  description.axis = "channel";
  description.formula = "y[k] = s_k sum_j x[j] cos(pi (2j+1) k / 2n), s_0^2 = 1/n, s_k^2 = 2/n";
  description.source = "Ahmed, Natarajan, Rao, 1974; Makhoul, IEEE Trans. ASSP 1980";
  description.flops_formula = "V (2.5 n lg n + 3 n), V vectors of length n";
  description.parameters = {AxisParameter()};
  return description;
}

class Dct : public TransformMixer {
 public:
  Dct() : TransformMixer(Describe()) {}

  absl::StatusOr<std::unique_ptr<RowTransform>> MakeTransform(const Problem& problem,
                                                              Device& device,
                                                              const Blocks& blocks) const override {
    auto transform = std::make_unique<RowDct>();
    const Ways ways = problem.direction == "forward" ? Ways::kThere : Ways::kBack;
    BB_RETURN_IF_ERROR(
        transform->Allocate(device, problem.dtype, InputLength(problem), blocks, ways));
    return transform;
  }
  int64_t TransformElements(int64_t n, int64_t rows) const override {
    return RowDct::Elements(n, rows);
  }
  double FlopsPerVector(const Problem& problem) const override {
    return DctFlops(InputLength(problem));
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights&) const override {
    return std::make_unique<DctMap>(InputLength(problem));
  }
  double ForwardRoundings(const Problem& problem) const override {
    return 2 + FftRoundings(InputLength(problem));
  }
};

const RegisterOperator kRegister(std::make_unique<Dct>());

}  // namespace
}  // namespace basisbench
