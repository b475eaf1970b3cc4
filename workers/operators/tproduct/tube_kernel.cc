// SPDX-License-Identifier: Apache-2.0
// Tubes go to an orthonormal real basis and back by products with its matrix T: the cosine basis,
// or sqrt(2/n) cos and -sqrt(2/n) sin of each frequency, which are the real and the imaginary part
// of a Fourier coefficient. At the lengths of tubes such a product is as fast as a fast transform
// and leaves faces where they are multiplied:
//   tile [tube][number][vector], spectra [face][tube][vector], weights [face][out][in].
#include "workers/operators/tproduct/tube_kernel.h"

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/constants.h"

namespace basisbench {
namespace {

// T, row by row. Fourier: the faces without imaginary part first.
std::vector<double> Basis(const TubeShape& shape) {
  const int64_t n = shape.faces, real = shape.RealFaces();
  const double half_turn = std::numbers::pi / static_cast<double>(n);
  std::vector<double> basis(static_cast<size_t>(n * n));
  for (int64_t face = 0; face < n; ++face) {
    const bool single = face < real, imaginary = !single && (face - real) % 2 == 1;
    const int64_t frequency = !single ? (face - real) / 2 + 1 : face == 0 ? 0 : n / 2;
    for (int64_t c = 0; c < n; ++c) {
      double& value = basis[face * n + c];
      if (shape.cosine) {
        const double size = std::sqrt((face == 0 ? 1.0 : 2.0) / static_cast<double>(n));
        value = size * std::cos(half_turn / 2 * static_cast<double>((2 * c + 1) * face % (4 * n)));
        continue;
      }
      const double size = std::sqrt((single ? 1.0 : 2.0) / static_cast<double>(n));
      const double angle = half_turn * static_cast<double>(2 * frequency * c % (2 * n));
      value = size * (imaginary ? -std::sin(angle) : std::cos(angle));
    }
  }
  return basis;
}

std::vector<double> Transposed(const std::vector<double>& matrix, int64_t n) {
  std::vector<double> out(matrix.size());
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) out[j * n + i] = matrix[i * n + j];
  return out;
}

// Faces that multiply alike: `count` of them, of `parts` faces each.
struct FaceGroup {
  int64_t first, parts, count;
  double scale;  // of a product of coefficients
};

// y[part y] += sign * w[part w] x[part x]: the product of complex numbers, of which the first term
// is that of real ones.
struct Term {
  int64_t y, w, x;
  double sign;
};
constexpr std::array<Term, 4> kComplex = {
    {{0, 0, 0, 1}, {0, 1, 1, -1}, {1, 1, 0, 1}, {1, 0, 1, 1}}};

class TubeKernel : public TileKernel {
 public:
  TubeKernel(const TubeShape& shape, const Problem& problem, Device& device,
             const LocalOperands& operands)
      : s_(shape),
        face_(shape.out * shape.in),
        backward_(problem.direction == "backward"),
        dtype_(problem.dtype),
        device_(device),
        w_(operands.weights[0]),
        dw_(operands.gradients[0]) {
    const auto n = static_cast<double>(s_.faces);
    groups_[0] = {0, 1, s_.RealFaces(), s_.cosine ? 1.0 : std::sqrt(n)};
    groups_[1] = {s_.RealFaces(), 2, s_.Pairs(), std::sqrt(n / 2)};
  }

  absl::Status Allocate() {
    const std::vector<double> basis = Basis(s_);
    BB_ASSIGN_OR_RETURN(there_, MakeConstants(device_, dtype_, basis));
    BB_ASSIGN_OR_RETURN(back_, MakeConstants(device_, dtype_, Transposed(basis, s_.faces)));
    const int64_t bytes = s_.Weights() * DtypeSize(dtype_);
    BB_ASSIGN_OR_RETURN(spectrum_, device_.Allocate(bytes));
    if (!backward_) return absl::OkStatus();
    BB_ASSIGN_OR_RETURN(gradient_, device_.Allocate(bytes));
    return absl::OkStatus();
  }

  absl::Status Begin() override {
    GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
    args.m = s_.faces, args.n = face_, args.k = s_.faces;
    args.a = there_.data(), args.lda = s_.faces;
    args.b = w_, args.ldb = s_.faces;
    args.c = spectrum_.data(), args.ldc = face_;
    return device_.Gemm(args);
  }

  absl::Status Forward(const Tile& tile) override {
    std::byte* x = tile.scratch;
    std::byte* y = At(x, s_.in * s_.faces * tile.vectors);
    BB_RETURN_IF_ERROR(ToFaces(tile, s_.in, tile.x, x));
    for (const FaceGroup& group : groups_) BB_RETURN_IF_ERROR(Multiply(tile, group, x, y));
    return ToTubes(tile, s_.out, y, tile.y);
  }

  absl::Status Backward(const Tile& tile) override {
    std::byte* x = tile.scratch;
    std::byte* dx = At(x, s_.in * s_.faces * tile.vectors);
    std::byte* dy = At(dx, s_.in * s_.faces * tile.vectors);
    BB_RETURN_IF_ERROR(ToFaces(tile, s_.in, tile.x, x));
    BB_RETURN_IF_ERROR(ToFaces(tile, s_.out, tile.dy, dy));
    for (const FaceGroup& group : groups_) {
      BB_RETURN_IF_ERROR(Adjoint(tile, group, dy, dx));
      BB_RETURN_IF_ERROR(Gradient(tile, group, dy, x));
    }
    return ToTubes(tile, s_.in, dx, tile.dx);
  }

  absl::Status End() override {
    if (!backward_) return absl::OkStatus();
    GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
    args.m = face_, args.n = s_.faces, args.k = s_.faces;
    args.a = gradient_.data(), args.lda = face_;
    args.b = there_.data(), args.ldb = s_.faces;
    args.c = dw_, args.ldc = s_.faces;
    return device_.Gemm(args);
  }

 private:
  std::byte* At(void* data, int64_t element) const {
    return static_cast<std::byte*>(data) + element * DtypeSize(dtype_);
  }

  // T on every tube, and its inverse.
  absl::Status ToFaces(const Tile& tile, int64_t tubes, const void* from, void* to) {
    GemmArgs args = OnTubes(tile, tubes, there_);
    args.b = from, args.ldb = tile.vectors, args.stride_b = s_.faces * tile.vectors;
    args.c = to, args.ldc = tubes * tile.vectors, args.stride_c = tile.vectors;
    return device_.Gemm(args);
  }
  absl::Status ToTubes(const Tile& tile, int64_t tubes, const void* from, void* to) {
    GemmArgs args = OnTubes(tile, tubes, back_);
    args.b = from, args.ldb = tubes * tile.vectors, args.stride_b = tile.vectors;
    args.c = to, args.ldc = tile.vectors, args.stride_c = s_.faces * tile.vectors;
    return device_.Gemm(args);
  }
  GemmArgs OnTubes(const Tile& tile, int64_t tubes, const Buffer& matrix) const {
    GemmArgs args{.dtype = dtype_, .m = s_.faces, .n = tile.vectors, .k = s_.faces};
    args.a = matrix.data(), args.lda = s_.faces;
    args.batch = tubes;
    return args;
  }

  static absl::Span<const Term> TermsOf(const FaceGroup& group) {
    return absl::MakeSpan(kComplex).first(group.parts == 1 ? 1 : kComplex.size());
  }
  // What is in a target counts from its second term on.
  static double Beta(std::array<bool, 2>& begun, int64_t target) {
    return std::exchange(begun[target], true) ? 1.0 : 0.0;
  }

  // One part of the faces of a group, each a matrix without gaps.
  struct Faces {
    void* data;
    int64_t part, rows, cols;
  };
  Faces OfWeights(Buffer& weights, int64_t part) const {
    return {weights.data(), part, s_.out, s_.in};
  }
  // c = alpha a b + beta c, with what `args` says about them, face by face.
  absl::Status FaceByFace(const FaceGroup& group, GemmArgs args, const Faces& a, const Faces& b,
                          const Faces& c) {
    const auto first = [&](const Faces& faces) {
      return At(faces.data, (group.first + faces.part) * faces.rows * faces.cols);
    };
    args.a = first(a), args.lda = a.cols, args.stride_a = group.parts * a.rows * a.cols;
    args.b = first(b), args.ldb = b.cols, args.stride_b = group.parts * b.rows * b.cols;
    args.c = first(c), args.ldc = c.cols, args.stride_c = group.parts * c.rows * c.cols;
    args.batch = group.count;
    return device_.Gemm(args);
  }

  // y = W x.
  absl::Status Multiply(const Tile& tile, const FaceGroup& group, void* x, void* y) {
    std::array<bool, 2> begun = {};
    for (const Term& term : TermsOf(group)) {
      GemmArgs args{.dtype = dtype_, .m = s_.out, .n = tile.vectors, .k = s_.in};
      args.alpha = term.sign * group.scale, args.beta = Beta(begun, term.y);
      BB_RETURN_IF_ERROR(FaceByFace(group, args, OfWeights(spectrum_, term.w),
                                    {x, term.x, s_.in, tile.vectors},
                                    {y, term.y, s_.out, tile.vectors}));
    }
    return absl::OkStatus();
  }

  // dx = W^T dy.
  absl::Status Adjoint(const Tile& tile, const FaceGroup& group, void* dy, void* dx) {
    std::array<bool, 2> begun = {};
    for (const Term& term : TermsOf(group)) {
      GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
      args.m = s_.in, args.n = tile.vectors, args.k = s_.out;
      args.alpha = term.sign * group.scale, args.beta = Beta(begun, term.x);
      BB_RETURN_IF_ERROR(FaceByFace(group, args, OfWeights(spectrum_, term.w),
                                    {dy, term.y, s_.out, tile.vectors},
                                    {dx, term.x, s_.in, tile.vectors}));
    }
    return absl::OkStatus();
  }

  // dW = dy x^T, summed over tiles.
  absl::Status Gradient(const Tile& tile, const FaceGroup& group, void* dy, void* x) {
    std::array<bool, 2> begun = {!tile.first, !tile.first};
    for (const Term& term : TermsOf(group)) {
      GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
      args.m = s_.out, args.n = s_.in, args.k = tile.vectors;
      args.alpha = term.sign * group.scale, args.beta = Beta(begun, term.w);
      BB_RETURN_IF_ERROR(FaceByFace(group, args, {dy, term.y, s_.out, tile.vectors},
                                    {x, term.x, s_.in, tile.vectors},
                                    OfWeights(gradient_, term.w)));
    }
    return absl::OkStatus();
  }

  const TubeShape s_;
  const int64_t face_;  // elements of the weights' faces
  const bool backward_;
  const Dtype dtype_;
  Device& device_;
  const void* w_;
  void* dw_;
  std::array<FaceGroup, 2> groups_;
  Buffer there_, back_;         // T and its transpose
  Buffer spectrum_, gradient_;  // of the weights
};

}  // namespace

int64_t TubeKernelElements(const TubeShape& shape, bool backward) {
  return 2 * shape.faces * shape.faces + shape.Weights() * (backward ? 2 : 1);
}

int64_t TubeScratch(const TubeShape& shape, bool backward) {
  return shape.faces * (shape.in * (backward ? 2 : 1) + shape.out);
}

absl::StatusOr<std::unique_ptr<TileKernel>> MakeTubeKernel(const TubeShape& shape,
                                                           const Problem& problem, Device& device,
                                                           const LocalOperands& operands) {
  auto kernel = std::make_unique<TubeKernel>(shape, problem, device, operands);
  BB_RETURN_IF_ERROR(kernel->Allocate());
  return kernel;
}

}  // namespace basisbench
