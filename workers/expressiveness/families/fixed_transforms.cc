// SPDX-License-Identifier: Apache-2.0
// Transforms without parameters: one matrix F, fitted by the best scalar multiple, so that the
// captured energy is <F,T>^2 / (|F|^2 |T|^2). FLOPs per vector of n: a real Fourier transform 2.5 n
// lg n, Hartley 2 n and the cosine one 3 n more, WHT n lg n; wavelets of L taps and J levels 2
// (2L-1) n (1 - 2^-J); the random rotation, a control, is a dense product.
//   fnet  real part of the DFT along one axis: of rank n/2 + 1, no change of basis
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/orders.h"
#include "workers/expressiveness/rng.h"
#include "workers/expressiveness/transforms.h"
#include "workers/expressiveness/wavelets.h"

namespace basisbench {
namespace {

// Not a target's seed: the control would then be a target itself.
constexpr uint64_t kRotationSeed = 101;

using Transform = std::function<absl::StatusOr<Matrix<double>>(int64_t n)>;

Family MakeFixed(double flops, Transform transform) {
  return MakeFamily({0, 0, flops}, FitMethod::kClosedForm,
                    [transform = std::move(transform)](
                        const auto& target) -> absl::StatusOr<std::decay_t<decltype(target)>> {
                      using Member = std::decay_t<decltype(target)>;
                      using T = std::decay_t<decltype(target(0, 0))>;
                      BB_ASSIGN_OR_RETURN(const Matrix<double> real, transform(target.rows()));
                      Member member = As<T>(real);
                      const T scale = InnerProduct(member, target) / Energy(member);
                      for (int64_t i = 0; i < member.rows() * member.cols(); ++i)
                        member.data()[i] *= scale;
                      return member;
                    });
}

Matrix<double> RealPartOfDft(int64_t n) {
  const Matrix<Complex> dft = DftMatrix(n);
  Matrix<double> out(n, n);
  for (int64_t i = 0; i < n * n; ++i) out.data()[i] = dft.data()[i].real();
  return out;
}

double Points(const FamilyRequest& request, double per_level, double per_point) {
  const double n = static_cast<double>(request.n);
  return per_level * n * std::log2(n) + per_point * n;
}

absl::StatusOr<Family> MakeWavelets(const FamilyRequest& request) {
  int64_t levels = LogTwo(request.n);
  if (request.Text("levels") != "auto") {
    BB_RETURN_IF_ERROR(CheckAtMost(request, "levels", levels));
    levels = request.Integer("levels");
  }
  const std::vector<double> filter = WaveletFilter(request.Text("wavelet"));
  const double n = static_cast<double>(request.n), taps = static_cast<double>(filter.size());
  const double lengths = n * (1 - std::exp2(-static_cast<double>(levels)));
  return MakeFixed(2 * (2 * taps - 1) * lengths,
                   [=](int64_t size) { return WaveletMatrix(filter, levels, size); });
}

CatalogueEntry Fixed(std::string name, double per_level, double per_point, Transform transform) {
  return {std::move(name),
          {},
          [=](const FamilyRequest& request) -> absl::StatusOr<Family> {
            return MakeFixed(Points(request, per_level, per_point), transform);
          },
          "",
          nullptr};
}

absl::StatusOr<Family> MakeRotation(const FamilyRequest& request) {
  const double n = static_cast<double>(request.n);
  return MakeFixed(2 * n * n, [](int64_t size) {
    return OrthogonalFactor(Rng(kRotationSeed).NormalMatrix(size, size));
  });
}

}  // namespace

std::vector<CatalogueEntry> TransformFamilies() {
  return {
      Fixed("fnet", 2.5, 0, RealPartOfDft),
      Fixed("hartley", 2.5, 2, HartleyMatrix),
      Fixed("dct", 2.5, 3, DctMatrix),
      Fixed("wht", 1, 0, WhtMatrix),
      {"dwt",
       {ChoiceParameter("wavelet", WaveletNames()), {"levels", [](int64_t) { return "auto"; }, {}}},
       MakeWavelets,
       "",
       nullptr},
      {"random_orthogonal", {}, MakeRotation, "", nullptr}};
}

}  // namespace basisbench
