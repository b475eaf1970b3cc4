// SPDX-License-Identifier: Apache-2.0
// The t-product: vectors are n2 tubes of n3 numbers (`faces`), weights a matrix of n1 x n2 tubes,
// and tubes multiply where matrices multiply numbers, y_i = sum_j a_ij * x_j.
//   dft  * is circular convolution: a block circulant matrix, blocks across tubes.
//   dct  a * b = C^T (C a . C b), C the orthonormal cosine transform: all in real numbers.
// In the basis of the transform the tubes' numbers are n3 independent products of matrices, the
// faces: a dense product at n3 = 1, a convolution or a diagonal at n1 = n2 = 1.
//   FLOPs of a vector: 2 n3 (n_in + n_out) for the transforms, as products with their matrices;
//   dft 8 n1 n2 for each pair of conjugate faces and 2 n1 n2 for each real one, dct 2 n1 n2 n3.
//   Backward twice the faces, and one transform more. Parameters n1 n2 n3 = n_in n_out / n3.
// Weights as a matrix: rows (i, j), columns the numbers of a tube; tubes are the fast index of x
// and y.
// Kilmer, Martin, "Factorization strategies for third-order tensors" (LAA 2011); Kernfeld, Kilmer,
// Aeron, "Tensor-tensor products with invertible linear transforms" (LAA 2015).
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/factoring.h"
#include "workers/operators/mixer/tiled_mixer.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/tproduct/tube_kernel.h"

namespace basisbench {
namespace {

// M[(i, a), (j, c)] is a number of the tube that takes a unit at c to a: circular, a_ij[a - c];
// otherwise sum_q C[q, a] (C a_ij)[q] C[q, c], and a product of two cosines is half the sum of
// those of the difference and the sum of their angles: f[|a - c|] + f[a + c + 1] with
// f[d] = 1/2 sum_q s_q^2 (C a_ij)[q] cos(pi d q / n).
class TubeMap : public ReferenceMap {
 public:
  TubeMap(const TubeShape& shape, const ReferenceWeights& weights)
      : s_(shape), w_(weights.at("w")) {
    if (!s_.cosine) return;
    const int64_t n = s_.faces;
    for (int64_t t = 0; t < 4 * n; ++t)
      cosines_.push_back(std::cos(std::numbers::pi_v<long double> * static_cast<long double>(t) /
                                  static_cast<long double>(2 * n)));
    sums_.resize(2 * w_.size());
    for (int64_t tube = 0; tube < s_.in * s_.out; ++tube)
      FillSums(&w_[tube * n], &sums_[2 * tube * n]);
  }

  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    const int64_t n = s_.faces, j = input / n, c = input % n;
    for (int64_t i = 0; i < s_.out; ++i) {
      const int64_t tube = i * s_.in + j;
      for (int64_t a = 0; a < n; ++a) {
        const long double* f = s_.cosine ? &sums_[2 * tube * n] : nullptr;
        outputs[i * n + a] = f == nullptr ? w_[tube * n + (a - c + n) % n]
                                          : static_cast<double>(f[std::abs(a - c)] + f[a + c + 1]);
      }
    }
  }

 private:
  void FillSums(const double* tube, long double* sums) const {
    const int64_t n = s_.faces;
    for (int64_t q = 0; q < n; ++q) {
      long double coefficient = 0;
      for (int64_t c = 0; c < n; ++c) coefficient += cosines_[(2 * c + 1) * q % (4 * n)] * tube[c];
      // Two of s_q for the basis there and back, one for that of the tube.
      const long double size = std::sqrt((q == 0 ? 1.0L : 2.0L) / static_cast<long double>(n));
      coefficient *= size * size * size / 2;
      for (int64_t d = 0; d < 2 * n; ++d) sums[d] += coefficient * cosines_[2 * d * q % (4 * n)];
    }
  }

  const TubeShape s_;
  const std::vector<double> w_;
  std::vector<long double> cosines_, sums_;  // cos(pi t / 2n); f of every tube
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "tproduct";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "y_i = sum_j a_ij * x_j, tubes of n3 numbers, * a convolution";
  description.source = "Kilmer, Martin, LAA 2011; Kernfeld, Kilmer, Aeron, LAA 2015";
  description.flops_formula =
      "V (2 n3 (n_in + n_out) + about 4 n_in n_out / n3), dct 2 n_in n_out / n3";
  description.parameters = {
      {"faces",
       "numbers of a tube; divides n_in and n_out; default: the common divisor nearest "
       "sqrt(gcd(n_in, n_out))",
       "", 1, 1 << 20},
      {"transform", "how tubes multiply: dft, circularly; dct, in the cosine basis", "dft"},
      AxisParameter()};
  return description;
}

class TProduct : public TiledMixer {
 public:
  TProduct() : TiledMixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    const std::string& transform = problem.parameters.at("transform");
    if (transform != "dft" && transform != "dct")
      return absl::InvalidArgumentError(absl::StrCat(
          "tproduct: parameter 'transform' must be dft or dct, not '", transform, "'"));
    return CutEvenly(problem, "faces", std::gcd(InputLength(problem), OutputLength(problem)));
  }
  // Outputs are of order one: a circular product sums over whole tubes, the other over what is
  // alike.
  std::vector<Weight> Weights(const Problem& problem) const override {
    const TubeShape s = Shape(problem);
    const int64_t terms = s.cosine ? s.in : s.in * s.faces;
    return {{"w", s.out * s.in, s.faces, 1 / std::sqrt(static_cast<double>(terms))}};
  }
  double FlopsPerVector(const Problem& problem) const override {
    return Transforms(problem, 1, 1) + Products(problem);
  }
  double BackwardFlopsPerVector(const Problem& problem) const override {
    return Transforms(problem, 2, 1) + 2 * Products(problem);
  }
  int64_t ScratchPerVector(const Problem& problem) const override {
    return TubeScratch(Shape(problem), problem.direction == "backward");
  }
  int64_t KernelElements(const Problem& problem) const override {
    return TubeKernelElements(Shape(problem), problem.direction == "backward");
  }
  absl::StatusOr<std::unique_ptr<TileKernel>> MakeKernel(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    return MakeTubeKernel(Shape(problem), problem, device, operands);
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<TubeMap>(Shape(problem), weights);
  }
  // Three transforms, the matrix of each rounded, and a sum of at most twice as many terms as
  // tubes.
  double ForwardRoundings(const Problem& problem) const override {
    const TubeShape s = Shape(problem);
    return static_cast<double>(3 * (s.faces + 1) + 2 * s.in);
  }

 private:
  TubeShape Shape(const Problem& problem) const {
    const int64_t faces = IntegerParameter(problem, "faces");
    return {.in = InputLength(problem) / faces,
            .out = OutputLength(problem) / faces,
            .faces = faces,
            .cosine = problem.parameters.at("transform") == "dct"};
  }
  double Transforms(const Problem& problem, int64_t of_inputs, int64_t of_outputs) const {
    return 2.0 * static_cast<double>(IntegerParameter(problem, "faces")) *
           static_cast<double>(of_inputs * InputLength(problem) +
                               of_outputs * OutputLength(problem));
  }
  double Products(const Problem& problem) const {
    const TubeShape s = Shape(problem);
    return static_cast<double>(2 * s.RealFaces() + 8 * s.Pairs()) *
           static_cast<double>(s.in * s.out);
  }
};

const RegisterOperator kRegister(std::make_unique<TProduct>());

}  // namespace
}  // namespace basisbench
