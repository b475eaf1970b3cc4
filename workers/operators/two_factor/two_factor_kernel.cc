// SPDX-License-Identifier: Apache-2.0
// The two factors on a tile. The rows of the first factor's products are delta or (phi, rho),
// whichever has more: z has both, but not side by side.
#include <array>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/gemm_loops.h"
#include "workers/operators/two_factor/two_factor.h"

namespace basisbench {
namespace {

class TwoFactorKernel : public TileKernel {
 public:
  TwoFactorKernel(const TwoFactorShape& shape, Dtype dtype, Device& device,
                  const LocalOperands& operands)
      : s_(shape),
        pairs_(shape.phi * shape.rho),
        by_pairs_(pairs_ > shape.delta),
        dtype_(dtype),
        device_(device),
        a_(operands.weights[0]),
        b_(operands.weights[1]),
        da_(operands.gradients[0]),
        db_(operands.gradients[1]) {}

  absl::Status Forward(const Tile& tile) override {
    BB_RETURN_IF_ERROR(First(tile));
    return Second(tile);
  }

  absl::Status Backward(const Tile& tile) override {
    BB_RETURN_IF_ERROR(First(tile));
    std::byte* dz = tile.scratch + s_.middle() * tile.vectors * DtypeSize(dtype_);
    BB_RETURN_IF_ERROR(SecondAdjoint(tile, dz));
    BB_RETURN_IF_ERROR(SecondGradient(tile));
    BB_RETURN_IF_ERROR(FirstAdjoint(tile, dz));
    return FirstGradient(tile, dz);
  }

 private:
  // One of the first factor's arrays: distances of its indices, in elements.
  struct Distances {
    int64_t gamma = 0, beta = 0, pair = 0, delta = 0, alpha = 0;
  };
  Distances OfX(int64_t vectors) const {
    return {.gamma = s_.beta * s_.alpha * vectors, .beta = s_.alpha * vectors, .alpha = vectors};
  }
  Distances OfA() const {
    return {.gamma = pairs_ * s_.delta * s_.alpha,
            .pair = s_.delta * s_.alpha,
            .delta = s_.alpha,
            .alpha = 1};
  }
  Distances OfZ(int64_t vectors) const {
    return {.gamma = s_.beta * s_.delta * vectors,
            .beta = s_.delta * vectors,
            .pair = s_.gamma * s_.beta * s_.delta * vectors,
            .delta = vectors};
  }
  // Loops over what is neither the row nor the column of a product of the first factor.
  std::array<Loop, 3> Loops(const Distances& a, const Distances& b, const Distances& c) const {
    const Loop gamma{s_.gamma, a.gamma, b.gamma, c.gamma}, beta{s_.beta, a.beta, b.beta, c.beta};
    const Loop pair{pairs_, a.pair, b.pair, c.pair}, delta{s_.delta, a.delta, b.delta, c.delta};
    return {gamma, beta, by_pairs_ ? delta : pair};
  }
  int64_t Rows() const { return by_pairs_ ? pairs_ : s_.delta; }
  int64_t RowDistance(const Distances& d) const { return by_pairs_ ? d.pair : d.delta; }

  // z = A x.
  absl::Status First(const Tile& tile) {
    const Distances a = OfA(), x = OfX(tile.vectors), z = OfZ(tile.vectors);
    GemmArgs args{.dtype = dtype_, .m = Rows(), .n = tile.vectors, .k = s_.alpha};
    args.a = a_, args.lda = RowDistance(a);
    args.b = tile.x, args.ldb = x.alpha;
    args.c = tile.scratch, args.ldc = RowDistance(z);
    return GemmOver(device_, args, Loops(a, x, z));
  }

  // dx = A^T dz.
  absl::Status FirstAdjoint(const Tile& tile, const std::byte* dz) {
    const Distances a = OfA(), x = OfX(tile.vectors), z = OfZ(tile.vectors);
    GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
    args.m = s_.alpha, args.n = tile.vectors, args.k = Rows();
    args.a = a_, args.lda = RowDistance(a);
    args.b = dz, args.ldb = RowDistance(z);
    args.c = tile.dx, args.ldc = x.alpha;
    return GemmOver(device_, args, Loops(a, z, x));
  }

  // dA += dz x^T.
  absl::Status FirstGradient(const Tile& tile, const std::byte* dz) {
    const Distances a = OfA(), x = OfX(tile.vectors), z = OfZ(tile.vectors);
    GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
    args.m = Rows(), args.n = s_.alpha, args.k = tile.vectors;
    args.a = dz, args.lda = RowDistance(z);
    args.b = tile.x, args.ldb = x.alpha;
    args.beta = tile.first ? 0.0 : 1.0;
    args.c = da_, args.ldc = RowDistance(a);
    return GemmOver(device_, args, Loops(z, x, a));
  }

  // y = B z.
  absl::Status Second(const Tile& tile) {
    const int64_t across = s_.delta * tile.vectors;
    GemmArgs args{.dtype = dtype_, .m = s_.epsilon, .n = across, .k = s_.sums()};
    args.a = b_, args.lda = s_.sums();
    args.b = tile.scratch, args.ldb = across;
    args.c = tile.y, args.ldc = across;
    const Loop phi{s_.phi, s_.epsilon * s_.sums(), s_.sums() * across, s_.epsilon * across};
    return GemmOver(device_, args, {phi});
  }

  // dz = B^T dy.
  absl::Status SecondAdjoint(const Tile& tile, std::byte* dz) {
    const int64_t across = s_.delta * tile.vectors;
    GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
    args.m = s_.sums(), args.n = across, args.k = s_.epsilon;
    args.a = b_, args.lda = s_.sums();
    args.b = tile.dy, args.ldb = across;
    args.c = dz, args.ldc = across;
    const Loop phi{s_.phi, s_.epsilon * s_.sums(), s_.epsilon * across, s_.sums() * across};
    return GemmOver(device_, args, {phi});
  }

  // dB += dy z^T.
  absl::Status SecondGradient(const Tile& tile) {
    const int64_t across = s_.delta * tile.vectors;
    GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
    args.m = s_.epsilon, args.n = s_.sums(), args.k = across;
    args.a = tile.dy, args.lda = across;
    args.b = tile.scratch, args.ldb = across;
    args.beta = tile.first ? 0.0 : 1.0;
    args.c = db_, args.ldc = s_.sums();
    const Loop phi{s_.phi, s_.epsilon * across, s_.sums() * across, s_.epsilon * s_.sums()};
    return GemmOver(device_, args, {phi});
  }

  const TwoFactorShape s_;
  const int64_t pairs_;  // (phi, rho)
  const bool by_pairs_;
  const Dtype dtype_;
  Device& device_;
  const void *a_, *b_;
  void *da_, *db_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TileKernel>> TwoFactorMixer::MakeKernel(
    const Problem& problem, Device& device, const LocalOperands& operands) const {
  return std::make_unique<TwoFactorKernel>(Shape(problem), problem.dtype, device, operands);
}

}  // namespace basisbench
