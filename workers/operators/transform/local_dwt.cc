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
        rows_(operands.x_element == 1 && operands.y_element == 1),
        filter_(std::move(filter)),
        step_(problem.dtype, device, filter_) {}

  absl::Status Allocate() { return Take(blocks_.size * SumsOf(n_), sums_); }

 protected:
  absl::Status Forward(const Piece& block) override {
    const Target y = Y(block);
    if (rows_) return Rows(block.count, false, X(block), y);
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
    if (rows_) return Rows(block.count, true, dy, Dx(block));
    for (int64_t level = levels_; level >= 1; --level) {
      const int64_t q = n_ >> (level - 1);
      const Source a = level == levels_ ? dy : AsSource(Sums(level));
      BB_RETURN_IF_ERROR(step_.Join(block.count, q, {a, step_.From(dy, q / 2)}, nullptr,
                                    level == 1 ? Dx(block) : Sums(level - 1)));
    }
    return absl::OkStatus();
  }

 private:
  // All levels at once.
  absl::Status Rows(int64_t vectors, bool adjoint, const Source& from, const Target& to) {
    DwtArgs args{.dtype = dtype_, .rows = vectors, .n = n_, .levels = levels_, .filter = filter_};
    args.adjoint = adjoint;
    args.in = from.data, args.in_row_stride = from.row;
    args.out = to.data, args.out_row_stride = to.row;
    args.work = sums_.data();
    args.pass_bytes = 2 * o_.vectors * n_ * DtypeSize(dtype_);
    return device_.Dwt(args);
  }

  // Where the sums of a level are when vectors lie side by side.
  Target Sums(int64_t level) {
    const int64_t first = level % 2 == 1 ? 0 : blocks_.size * (n_ / 2);
    return {ElementAt(dtype_, sums_.data(), first), 1, blocks_.size};
  }

  const int64_t n_, levels_;
  const bool rows_;  // vectors lie in one piece
  const std::vector<double> filter_;
  const WaveletStep step_;
  Buffer sums_;
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
