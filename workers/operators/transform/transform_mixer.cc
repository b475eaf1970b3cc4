// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/transform/transform_mixer.h"

#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

class LocalTransform : public BlockedMixer {
 public:
  LocalTransform(const Problem& problem, Device& device, const LocalOperands& operands,
                 const Blocks& blocks, std::unique_ptr<RowTransform> transform)
      : BlockedMixer(problem, device, operands, blocks), transform_(std::move(transform)) {}

 protected:
  absl::Status Forward(const Piece& block) override {
    return transform_->Apply(block.count, X(block), Y(block));
  }
  absl::Status Backward(const Piece& block) override {
    return transform_->Adjoint(block.count, Dy(block), Dx(block));
  }

 private:
  const std::unique_ptr<RowTransform> transform_;
};

}  // namespace

absl::Status TransformMixer::ResolveMixer(Problem& problem) const {
  BB_RETURN_IF_ERROR(CheckAxis(problem));
  return RequireSquare(problem);
}

bool TransformMixer::MixesTokens(const Problem& problem) const { return AlongTokens(problem); }

Blocks TransformMixer::BlocksFor(const Problem& problem, int64_t vectors) const {
  const int64_t n = InputLength(problem);
  return BlocksOf(*this, problem, vectors, TransformElements(n, 1));
}

int64_t TransformMixer::Workspace(const Problem& problem, int64_t vectors) const {
  if (vectors == 0) return 0;
  return TransformElements(InputLength(problem), BlocksFor(problem, vectors).size);
}

absl::StatusOr<std::unique_ptr<LocalMixer>> TransformMixer::MakeLocal(
    const Problem& problem, Device& device, const LocalOperands& operands) const {
  const Blocks blocks = BlocksFor(problem, operands.vectors);
  BB_ASSIGN_OR_RETURN(auto transform, MakeTransform(problem, device, blocks));
  return std::make_unique<LocalTransform>(problem, device, operands, blocks, std::move(transform));
}

}  // namespace basisbench
