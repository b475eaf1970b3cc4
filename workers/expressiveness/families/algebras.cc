// SPDX-License-Identifier: Apache-2.0
// Products of algebras.
//   tproduct{faces,transform}  n/faces x n/faces matrices of tubes of `faces` numbers, multiplied
//   by
//                              circular convolution (Kilmer and Martin, 2011) or, with the cosine
//                              transform, tube by tube in its basis. The tube is the fast index.
//   group_conv{group}          (a * x)(g) = sum_h a(g h^-1) x(h). cyclic: Z_n. xor: Z_2^k.
//   dihedral:
//                              r^k s^e of n/2 rotations r has index k + e n/2.
// FLOPs, beside transforms at 2.5 m lg m for a real one of length m: tproduct 8 per complex face
// entry and half of the faces, or 2 for real faces; xor two Walsh-Hadamard transforms and a
// product; dihedral four real transforms of n/2, and per frequency the first row of a product of 2
// x 2 complex matrices.
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/expressiveness/families/averaging.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/orders.h"
#include "workers/expressiveness/transforms.h"

namespace basisbench {
namespace {

double RealTransformFlops(int64_t length) {
  const double size = static_cast<double>(length);
  return 2.5 * size * std::log2(size);
}

// I (x) transform.
Matrix<double> OnTubes(const Matrix<double>& transform, int64_t n) {
  const int64_t faces = transform.rows();
  Matrix<double> out(n, n);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t a = 0; a < faces; ++a) out(i, i / faces * faces + a) = transform(i % faces, a);
  return out;
}

// In the basis of the transform members have tubes of diagonal blocks; it is orthonormal, so
// keeping those is the projection.
template <typename T>
absl::StatusOr<Matrix<T>> ClosestCosineTubes(const Matrix<T>& target, int64_t faces) {
  const Matrix<T> basis = As<T>(OnTubes(DctMatrix(faces), target.rows())), back = Adjoint(basis);
  BB_ASSIGN_OR_RETURN(const Matrix<T> left, Multiply(basis, target));
  BB_ASSIGN_OR_RETURN(Matrix<T> turned, Multiply(left, back));
  for (int64_t i = 0; i < turned.rows(); ++i)
    for (int64_t j = 0; j < turned.cols(); ++j)
      if (i % faces != j % faces) turned(i, j) = 0;
  BB_ASSIGN_OR_RETURN(const Matrix<T> half, Multiply(back, turned));
  return Multiply(half, basis);
}

absl::StatusOr<Family> MakeTubeProduct(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckDivides(request, "faces"));
  const int64_t n = request.n, faces = request.Integer("faces"), side = n / faces;
  const bool cosine = request.Text("transform") == "dct";
  const double multiplications = cosine ? 2.0 * static_cast<double>(side * side * faces)
                                        : 8.0 * static_cast<double>(side * side * (faces / 2 + 1));
  const FamilyCost cost{
      n * side, n * side,
      2 * static_cast<double>(side) * RealTransformFlops(faces) + multiplications};
  if (cosine)
    return MakeFamily(cost, FitMethod::kClosedForm,
                      [faces](const auto& target) { return ClosestCosineTubes(target, faces); });
  return MakeAveraged(cost, n * side, [faces, side](int64_t i, int64_t j) {
    const int64_t shift = (i % faces - j % faces + faces) % faces;
    return (i / faces * side + j / faces) * faces + shift;
  });
}

// The index of g h^-1 in the dihedral group.
int64_t DihedralQuotient(int64_t g, int64_t h, int64_t n) {
  const int64_t rotations = n / 2, a = g % rotations, b = h % rotations;
  const bool flips = g / rotations != h / rotations;
  return flips ? (a + b) % rotations + rotations : (a - b + rotations) % rotations;
}

absl::StatusOr<Family> MakeGroupConvolution(const FamilyRequest& request) {
  const int64_t n = request.n;
  const double size = static_cast<double>(n);
  if (request.Text("group") == "xor")
    return MakeAveraged({n, n, 2 * size * std::log2(size) + size}, n,
                        [](int64_t i, int64_t j) { return i ^ j; });
  if (request.Text("group") == "dihedral") {
    const double flops = 4 * RealTransformFlops(n / 2) + 28 * (size / 4 + 1);
    return MakeAveraged({n, n, flops}, n,
                        [n](int64_t i, int64_t j) { return DihedralQuotient(i, j, n); });
  }
  return MakeAveraged({n, n, 2 * RealTransformFlops(n) + 3 * size}, n,
                      [n](int64_t i, int64_t j) { return (i - j + n) % n; });
}

}  // namespace

std::vector<CatalogueEntry> AlgebraFamilies() {
  return {{"tproduct",
           {NumberParameter("faces", SquareSide), ChoiceParameter("transform", {"dft", "dct"})},
           MakeTubeProduct,
           "faces",
           DivisorsOf},
          {"group_conv",
           {ChoiceParameter("group", {"cyclic", "xor", "dihedral"})},
           MakeGroupConvolution,
           "",
           nullptr}};
}

}  // namespace basisbench
