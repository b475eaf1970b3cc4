// SPDX-License-Identifier: Apache-2.0
// Toeplitz-like matrices of displacement rank r along either axis,
//   y = 1/2 sum_(i < r) Z_1(g_i) Z_-1(J h_i) x,
// Z_f(v) the f-circulant matrix with first column v (what is shifted over the end comes back times
// f), J the reversal. They are the solutions M of Z_1 M - M Z_-1 = G^T H with rows g_i and h_i:
// rank 2 holds every Toeplitz matrix and its inverse, rank n every matrix.
//   FLOPs (2r + 2) 2.5 n lg n + 6 r n a vector; backward (4r + 3) 2.5 n lg n + 18 r n. Parameters
//   2 r n.
// Kailath, Kung, Morf, "Displacement ranks of matrices and linear equations" (1979); Sindhwani,
// Sainath, Kumar (2015).
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/ldr/local_ldr.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/fft_cost.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

// Solves the displacement equation itself. With E = G^T H it says, for rows a (modulo n) and
// columns b, M[a, b + 1] = M[a - 1, b] - E[a, b], and behind the last column M[a - 1, n - 1] +
// M[a, 0] = E[a, n - 1]. Along a diagonal the first gives M[a - 1, n - 1] out of M[a, 0], so the
// second gives M[a, 0].
class LdrMap : public ReferenceMap {
 public:
  LdrMap(int64_t n, int64_t rank, const ReferenceWeights& weights)
      : n_(n), m_(static_cast<size_t>(n * n)) {
    const std::vector<double>&g = weights.at("g"), &h = weights.at("h");
    std::vector<long double> e(m_.size(), 0);
    for (int64_t i = 0; i < rank; ++i) {
      for (int64_t a = 0; a < n; ++a) {
        for (int64_t b = 0; b < n; ++b)
          e[a * n + b] += static_cast<long double>(g[i * n + a]) * h[i * n + b];
      }
    }
    for (int64_t a = 0; a < n; ++a) {
      // M[a + n - 1, n - 1] = M[a, 0] - sum.
      long double sum = 0;
      for (int64_t b = 0; b + 1 < n; ++b) sum += e[(a + 1 + b) % n * n + b];
      m_[a * n] = (e[a * n + n - 1] + sum) / 2;
    }
    for (int64_t b = 0; b + 1 < n; ++b) {
      for (int64_t a = 0; a < n; ++a)
        m_[a * n + b + 1] = m_[(a + n - 1) % n * n + b] - e[a * n + b];
    }
  }
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    for (int64_t a = 0; a < n_; ++a) outputs[a] = static_cast<double>(m_[a * n_ + input]);
  }

 private:
  const int64_t n_;
  std::vector<long double> m_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "ldr";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "y = 1/2 sum_i Z_1(g_i) Z_-1(J h_i) x";
  description.source = "Kailath, Kung, Morf 1979; Sindhwani, Sainath, Kumar, NIPS 2015";
  description.flops_formula = "V ((2r + 2) 2.5 n lg n + 6 r n), V vectors of length n";
  description.parameters = {AxisParameter(), {"rank", "displacement rank r", "2", 1, 1 << 16}};
  return description;
}

class Ldr : public Mixer {
 public:
  Ldr() : Mixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    BB_RETURN_IF_ERROR(RequireSquare(problem));
    const int64_t rank = IntegerParameter(problem, "rank");
    const int64_t n = AlongTokens(problem) ? problem.shape.tokens : problem.shape.d_in;
    if (rank <= n) return absl::OkStatus();
    return absl::UnimplementedError(
        absl::StrCat("ldr: displacement rank ", rank, " is above the length ", n));
  }
  bool MixesTokens(const Problem& problem) const override { return AlongTokens(problem); }
  std::vector<Weight> Weights(const Problem& problem) const override {
    const int64_t rank = IntegerParameter(problem, "rank"), n = InputLength(problem);
    // An element of M is half a sum of r n products.
    const double scale =
        std::sqrt(2 / (static_cast<double>(n) * std::sqrt(static_cast<double>(rank))));
    return {{"g", rank, n, scale}, {"h", rank, n, scale}};
  }
  double FlopsPerVector(const Problem& problem) const override {
    const int64_t rank = IntegerParameter(problem, "rank"), n = InputLength(problem);
    return static_cast<double>(2 * rank + 2) * RealFftFlops(n) + static_cast<double>(6 * rank * n);
  }
  double BackwardFlopsPerVector(const Problem& problem) const override {
    const int64_t rank = IntegerParameter(problem, "rank"), n = InputLength(problem);
    return static_cast<double>(4 * rank + 3) * RealFftFlops(n) + static_cast<double>(18 * rank * n);
  }
  int64_t Workspace(const Problem& problem, int64_t vectors) const override {
    return LocalLdrElements(*this, problem, vectors);
  }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    return MakeLocalLdr(*this, problem, device, operands);
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<LdrMap>(InputLength(problem), IntegerParameter(problem, "rank"),
                                    weights);
  }
  // Six transforms, and a sum.
  double ForwardRoundings(const Problem& problem) const override {
    return 6 * FftRoundings(InputLength(problem)) +
           static_cast<double>(IntegerParameter(problem, "rank"));
  }
};

const RegisterOperator kRegister(std::make_unique<Ldr>());

}  // namespace
}  // namespace basisbench
