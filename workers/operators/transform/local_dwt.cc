// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/transform/local_dwt.h"

#include <algorithm>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/blocked_mixer.h"
#include "workers/operators/parameters.h"
#include "workers/operators/transform/wavelet_step.h"

namespace basisbench {
namespace {

// Of a vector: the sums of odd and of even levels, n/2 and n/4 of them.
int64_t SumsOf(int64_t n) { return n / 2 + n / 4; }

Blocks BlocksFor(const Mixer& op, const Problem& problem, int64_t vectors) {
  return BlocksOf(op, problem, vectors, 3 * op.InputLength(problem));  // with x and y
}

class LocalDwt : public BlockedMixer {
 public:
  LocalDwt(const Mixer& op, const Problem& problem, std::vector<double> filter, Device& device,
           const LocalOperands& operands, const Blocks& blocks)
      : BlockedMixer(problem, device, operands, blocks),
        n_(op.InputLength(problem)),
        levels_(IntegerParameter(problem, "levels")),
        side_by_side_(op.MixesTokens(problem)),
        step_(problem.dtype, device, std::move(filter)) {}

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(Take(blocks_.size * (n_ / 2), odd_));
    return Take(blocks_.size * (n_ / 4), even_);
  }

 protected:
  absl::Status Forward(const Piece& block) override {
    const Target y = Y(block);
    for (int64_t level = 1; level <= levels_; ++level) {
      const int64_t q = n_ >> (level - 1);
      const Source x = level == 1 ? X(block) : AsSource(Sums(level - 1));
      BB_RETURN_IF_ERROR(step_.Split(block.count, q, x, nullptr, level == levels_ ? y : Sums(level),
                                     step_.From(y, q / 2)));
    }
    return absl::OkStatus();
  }

  absl::Status Backward(const Piece& block) override {
    const Source dy = Dy(block);
    for (int64_t level = levels_; level >= 1; --level) {
      const int64_t q = n_ >> (level - 1);
      const Source a = level == levels_ ? dy : AsSource(Sums(level));
      BB_RETURN_IF_ERROR(step_.Join(block.count, q, {a, step_.From(dy, q / 2)}, nullptr,
                                    level == 1 ? Dx(block) : Sums(level - 1)));
    }
    return absl::OkStatus();
  }

 private:
  // Where the sums of a level are: vectors lie as in X, so that one of the loops is contiguous.
  Target Sums(int64_t level) {
    const int64_t length = level % 2 == 1 ? n_ / 2 : n_ / 4;
    Buffer& sums = level % 2 == 1 ? odd_ : even_;
    return side_by_side_ ? Target{sums.data(), 1, blocks_.size} : Target{sums.data(), length, 1};
  }

  const int64_t n_, levels_;
  const bool side_by_side_;  // vectors are columns of X
  const WaveletStep step_;
  Buffer odd_, even_;
};

}  // namespace

int64_t LocalDwtElements(const Mixer& op, const Problem& problem, int64_t vectors) {
  return vectors == 0 ? 0 : BlocksFor(op, problem, vectors).size * SumsOf(op.InputLength(problem));
}

absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocalDwt(const Mixer& op, const Problem& problem,
                                                         std::vector<double> filter, Device& device,
                                                         const LocalOperands& operands) {
  auto local = std::make_unique<LocalDwt>(op, problem, std::move(filter), device, operands,
                                          BlocksFor(op, problem, operands.vectors));
  BB_RETURN_IF_ERROR(local->Allocate());
  return local;
}

}  // namespace basisbench
