// SPDX-License-Identifier: Apache-2.0
// Flat block butterfly and low rank: W = B + U V, B with blocks (i, j) of block x block where i = j
// or the numbers i and j differ in one bit. The butterfly's product of lg k factors to first order,
// as a sum. Dao et al., "Pixelated butterfly: simple and efficient sparse training for neural
// network models" (ICLR 2022); their weight between the two parts is in the parts' values here.
//   FLOPs 2 N (n block (1 + lg k) + 2 n rank), k = n / block; parameters n block (1 + lg k) + 2 n
//   rank. Backward twice that and V X once more.
// Weights as matrices: "w" has rows (bit, i, to), bit 0 for the diagonal, and columns from; "v" is
// rank x n, "u" n x rank.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/gemm_loops.h"
#include "workers/operators/mixer/tiled_mixer.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"
#include "workers/operators/stages/block_count.h"

namespace basisbench {
namespace {

struct Sizes {
  Sizes(int64_t length, const Problem& problem)
      : n(length),
        block(IntegerParameter(problem, "block")),
        rank(IntegerParameter(problem, "rank")),
        blocks(n / block),
        bits(std::countr_zero(static_cast<uint64_t>(blocks))) {}
  int64_t n, block, rank, blocks, bits;

  // Elements of "w" for each bit.
  int64_t OfBit() const { return n * block; }
};

class PixelflyKernel : public TileKernel {
 public:
  PixelflyKernel(const Sizes& sizes, Dtype dtype, Device& device, const LocalOperands& operands)
      : s_(sizes), dtype_(dtype), device_(device), o_(operands) {}

  absl::Status Forward(const Tile& tile) override {
    for (int64_t bit = 0; bit <= s_.bits; ++bit) {
      GemmArgs args{.dtype = dtype_, .m = s_.block, .n = tile.vectors, .k = s_.block};
      args.a = At(o_.weights[0], bit * s_.OfBit()), args.lda = s_.block;
      args.b = At(tile.x, Partner(bit, tile)), args.ldb = tile.vectors;
      args.beta = bit == 0 ? 0.0 : 1.0;
      args.c = tile.y, args.ldc = tile.vectors;
      const auto [matrix, own, partner] = Loops(bit, tile);
      BB_RETURN_IF_ERROR(GemmOver(device_, args, Zip(matrix, partner, own)));
    }
    BB_RETURN_IF_ERROR(Multiply(tile, o_.weights[1], s_.rank, s_.n, tile.x, 0.0, tile.scratch));
    return Multiply(tile, o_.weights[2], s_.n, s_.rank, tile.scratch, 1.0, tile.y);
  }

  absl::Status Backward(const Tile& tile) override {
    for (int64_t bit = 0; bit <= s_.bits; ++bit) {
      BB_RETURN_IF_ERROR(FlatAdjoint(bit, tile));
      BB_RETURN_IF_ERROR(FlatGradient(bit, tile));
    }
    std::byte* t = tile.scratch;
    std::byte* dt = tile.scratch + s_.rank * tile.vectors * DtypeSize(dtype_);
    BB_RETURN_IF_ERROR(Multiply(tile, o_.weights[1], s_.rank, s_.n, tile.x, 0.0, t));
    BB_RETURN_IF_ERROR(Adjoint(tile, o_.weights[2], s_.n, s_.rank, tile.dy, 0.0, dt));
    BB_RETURN_IF_ERROR(Outer(tile, tile.dy, s_.n, t, s_.rank, o_.gradients[2]));
    BB_RETURN_IF_ERROR(Outer(tile, dt, s_.rank, tile.x, s_.n, o_.gradients[1]));
    return Adjoint(tile, o_.weights[1], s_.rank, s_.n, dt, 1.0, tile.dx);
  }

 private:
  // Distances of one index in a matrix's blocks, in the vectors at i and at its partner.
  struct Distance {
    int64_t count, step;
  };
  using Distances = std::array<Distance, 3>;  // bits above, the bit, bits below
  struct ThreeLoops {
    Distances matrix, own, partner;
  };

  const std::byte* At(const void* data, int64_t element) const {
    return static_cast<const std::byte*>(data) + element * DtypeSize(dtype_);
  }
  std::byte* At(void* data, int64_t element) const {
    return static_cast<std::byte*>(data) + element * DtypeSize(dtype_);
  }

  // Blocks between i and its partner; the diagonal has i itself.
  static int64_t Apart(int64_t bit) { return bit == 0 ? 0 : int64_t{1} << (bit - 1); }
  // The partner of block 0.
  int64_t Partner(int64_t bit, const Tile& tile) const {
    return Apart(bit) * s_.block * tile.vectors;
  }

  ThreeLoops Loops(int64_t bit, const Tile& tile) const {
    const int64_t below = std::max<int64_t>(1, Apart(bit)), flips = bit == 0 ? 1 : 2;
    const int64_t above = s_.blocks / (flips * below);
    const int64_t square = s_.block * s_.block, rows = s_.block * tile.vectors;
    const auto along = [&](int64_t step, int64_t sign) {
      return Distances{Distance{above, flips * below * step}, Distance{flips, sign * below * step},
                       Distance{below, step}};
    };
    return {along(square, 1), along(rows, 1), along(rows, -1)};
  }
  static std::array<Loop, 3> Zip(const Distances& a, const Distances& b, const Distances& c) {
    std::array<Loop, 3> loops;
    for (size_t i = 0; i < loops.size(); ++i)
      loops[i] = {a[i].count, a[i].step, b[i].step, c[i].step};
    return loops;
  }

  // dx of the partner, from dy of i.
  absl::Status FlatAdjoint(int64_t bit, const Tile& tile) {
    GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
    args.m = s_.block, args.n = tile.vectors, args.k = s_.block;
    args.a = At(o_.weights[0], bit * s_.OfBit()), args.lda = s_.block;
    args.b = tile.dy, args.ldb = tile.vectors;
    args.beta = bit == 0 ? 0.0 : 1.0;
    args.c = At(tile.dx, Partner(bit, tile)), args.ldc = tile.vectors;
    const auto [matrix, own, partner] = Loops(bit, tile);
    return GemmOver(device_, args, Zip(matrix, own, partner));
  }

  absl::Status FlatGradient(int64_t bit, const Tile& tile) {
    GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
    args.m = s_.block, args.n = s_.block, args.k = tile.vectors;
    args.a = tile.dy, args.lda = tile.vectors;
    args.b = At(tile.x, Partner(bit, tile)), args.ldb = tile.vectors;
    args.beta = tile.first ? 0.0 : 1.0;
    args.c = At(o_.gradients[0], bit * s_.OfBit()), args.ldc = s_.block;
    const auto [matrix, own, partner] = Loops(bit, tile);
    return GemmOver(device_, args, Zip(own, partner, matrix));
  }

  // c = w b + beta c; w is to x from.
  absl::Status Multiply(const Tile& tile, const void* w, int64_t to, int64_t from, const void* b,
                        double beta, void* c) {
    GemmArgs args{.dtype = dtype_, .m = to, .n = tile.vectors, .k = from};
    args.a = w, args.lda = from, args.b = b, args.ldb = tile.vectors;
    args.beta = beta, args.c = c, args.ldc = tile.vectors;
    return device_.Gemm(args);
  }
  // c = w^T b + beta c.
  absl::Status Adjoint(const Tile& tile, const void* w, int64_t to, int64_t from, const void* b,
                       double beta, void* c) {
    GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
    args.m = from, args.n = tile.vectors, args.k = to;
    args.a = w, args.lda = from, args.b = b, args.ldb = tile.vectors;
    args.beta = beta, args.c = c, args.ldc = tile.vectors;
    return device_.Gemm(args);
  }
  // The gradient of w from what came out and what went in.
  absl::Status Outer(const Tile& tile, const void* out, int64_t to, const void* in, int64_t from,
                     void* gradient) {
    GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
    args.m = to, args.n = from, args.k = tile.vectors;
    args.a = out, args.lda = tile.vectors, args.b = in, args.ldb = tile.vectors;
    args.beta = tile.first ? 0.0 : 1.0;
    args.c = gradient, args.ldc = from;
    return device_.Gemm(args);
  }

  const Sizes s_;
  const Dtype dtype_;
  Device& device_;
  const LocalOperands o_;
};

// W[to, from] element by element.
class PixelflyMap : public ReferenceMap {
 public:
  PixelflyMap(const Sizes& sizes, const ReferenceWeights& weights)
      : s_(sizes), w_(weights.at("w")), v_(weights.at("v")), u_(weights.at("u")) {}

  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    const int64_t j = input / s_.block, column = input % s_.block;
    for (int64_t to = 0; to < s_.n; ++to) {
      double& sum = outputs[to];
      sum = 0;
      for (int64_t r = 0; r < s_.rank; ++r) sum += u_[to * s_.rank + r] * v_[r * s_.n + input];
      const auto difference = static_cast<uint64_t>(to / s_.block ^ j);
      if (difference != 0 && !std::has_single_bit(difference)) continue;
      const int64_t bit = difference == 0 ? 0 : std::countr_zero(difference) + 1;
      sum += w_[(bit * s_.n + to) * s_.block + column];
    }
  }

 private:
  const Sizes s_;
  const std::vector<double> w_, v_, u_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "pixelfly";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y = B X + U V X, B with blocks (i, j), i = j or i xor j a power of two";
  description.source = "Dao et al., ICLR 2022";
  description.flops_formula = "2 N (n block (1 + lg(n / block)) + 2 n rank)";
  description.parameters = {
      BlockParameter(),
      {"rank", "rank of the second part; default: the side of a block", "", 1, 1 << 20},
      AxisParameter()};
  return description;
}

class Pixelfly : public TiledMixer {
 public:
  Pixelfly() : TiledMixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    BB_RETURN_IF_ERROR(RequireSquare(problem));
    const int64_t n = InputLength(problem);
    BB_RETURN_IF_ERROR(ResolveBlock(problem, n));
    DefaultParameter(problem, "rank", IntegerParameter(problem, "block"));
    if (IntegerParameter(problem, "rank") <= n) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "pixelfly: rank ", IntegerParameter(problem, "rank"), " is above the length ", n));
  }
  std::vector<Weight> Weights(const Problem& problem) const override {
    const Sizes s = Of(problem);
    const auto scale = [](int64_t terms) { return 1 / std::sqrt(static_cast<double>(terms)); };
    return {{"w", (1 + s.bits) * s.n, s.block, scale((1 + s.bits) * s.block)},
            {"v", s.rank, s.n, scale(s.n)},
            {"u", s.n, s.rank, scale(s.rank)}};
  }
  double FlopsPerVector(const Problem& problem) const override {
    const Sizes s = Of(problem);
    return 2.0 * static_cast<double>(s.n) *
           static_cast<double>(s.block * (1 + s.bits) + 2 * s.rank);
  }
  double BackwardFlopsPerVector(const Problem& problem) const override {
    const Sizes s = Of(problem);
    return 2 * FlopsPerVector(problem) + 2.0 * static_cast<double>(s.n * s.rank);
  }
  int64_t ScratchPerVector(const Problem& problem) const override {
    return Of(problem).rank * (problem.direction == "backward" ? 2 : 1);
  }
  absl::StatusOr<std::unique_ptr<TileKernel>> MakeKernel(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    return std::make_unique<PixelflyKernel>(Of(problem), problem.dtype, device, operands);
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<PixelflyMap>(Of(problem), weights);
  }
  // W is a sum, so a weight's derivative is what remains when the other part is taken away.
  double ReferenceDerivative(const Problem& problem, const Operands& operands,
                             const Change& change) const override {
    const double whole = TiledMixer::ReferenceDerivative(problem, operands, change);
    if (change.tensor == "x") return whole;
    Change nothing = change;
    std::fill(nothing.values.begin(), nothing.values.end(), 0.0);
    return whole - TiledMixer::ReferenceDerivative(problem, operands, nothing);
  }
  double ForwardRoundings(const Problem& problem) const override {
    const Sizes s = Of(problem);
    return static_cast<double>(s.block * (1 + s.bits) + s.n + s.rank);
  }
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    const Sizes s = Of(problem);
    return static_cast<double>(4 * s.block * (1 + s.bits)) +
           8.0 * static_cast<double>(s.n * s.rank);
  }

 private:
  Sizes Of(const Problem& problem) const { return {InputLength(problem), problem}; }
};

const RegisterOperator kRegister(std::make_unique<Pixelfly>());

}  // namespace
}  // namespace basisbench
