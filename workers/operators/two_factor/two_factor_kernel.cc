// SPDX-License-Identifier: Apache-2.0
// The two factors on a tile.
#include "services/base/status_macros.h"
#include "workers/operators/two_factor/factors.h"

namespace basisbench {
namespace {

class TwoFactorKernel : public TileKernel {
 public:
  TwoFactorKernel(const TwoFactorShape& shape, Dtype dtype, Device& device,
                  const LocalOperands& operands)
      : z_bytes_(shape.middle() * DtypeSize(dtype)),
        factors_(shape, shape.sums(), dtype, device),
        o_(operands) {}

  absl::Status Forward(const Tile& tile) override {
    BB_RETURN_IF_ERROR(factors_.First(tile.vectors, o_.weights[0], tile.x, tile.scratch));
    return factors_.Second(tile.vectors, o_.weights[1], tile.scratch, false, tile.y);
  }

  absl::Status Backward(const Tile& tile) override {
    const int64_t vectors = tile.vectors;
    const bool add = !tile.first;
    const std::byte* z = tile.scratch;
    std::byte* dz = tile.scratch + z_bytes_ * vectors;
    BB_RETURN_IF_ERROR(factors_.First(vectors, o_.weights[0], tile.x, tile.scratch));
    BB_RETURN_IF_ERROR(factors_.SecondAdjoint(vectors, o_.weights[1], tile.dy, dz));
    BB_RETURN_IF_ERROR(factors_.SecondGradient(vectors, tile.dy, z, add, o_.gradients[1]));
    BB_RETURN_IF_ERROR(factors_.FirstAdjoint(vectors, o_.weights[0], dz, false, tile.dx));
    return factors_.FirstGradient(vectors, dz, tile.x, add, o_.gradients[0]);
  }

 private:
  const int64_t z_bytes_;  // of a vector
  const Factors factors_;
  const LocalOperands o_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TileKernel>> TwoFactorMixer::MakeKernel(
    const Problem& problem, Device& device, const LocalOperands& operands) const {
  return std::make_unique<TwoFactorKernel>(Shape(problem), problem.dtype, device, operands);
}

}  // namespace basisbench
