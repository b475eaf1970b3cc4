// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/transform/local_dwt.h"

#include <algorithm>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/blocked_mixer.h"
#include "workers/operators/parameters.h"

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
        low_(std::move(filter)) {
    for (size_t l = 0; l < low_.size(); ++l)
      high_.push_back((l % 2 == 0 ? 1 : -1) * low_[low_.size() - 1 - l]);
  }

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(Take(blocks_.size * (n_ / 2), odd_));
    return Take(blocks_.size * (n_ / 4), even_);
  }

 protected:
  absl::Status Forward(const Piece& block) override {
    rows_ = block.count;
    const Target y = Y(block);
    for (int64_t level = 1; level <= levels_; ++level) {
      const int64_t q = n_ >> (level - 1);
      const Source x = level == 1 ? X(block) : AsSource(Sums(level - 1));
      BB_RETURN_IF_ERROR(Split(q, x, level == levels_ ? y : Sums(level), Moved(y, q / 2)));
    }
    return absl::OkStatus();
  }

  absl::Status Backward(const Piece& block) override {
    rows_ = block.count;
    const Source dy = Dy(block);
    for (int64_t level = levels_; level >= 1; --level) {
      const int64_t q = n_ >> (level - 1);
      const Source a = level == levels_ ? dy : AsSource(Sums(level));
      const Source d{ElementAt(dtype_, dy.data, q / 2 * dy.col), dy.row, dy.col};
      BB_RETURN_IF_ERROR(Join(q, a, d, level == 1 ? Dx(block) : Sums(level - 1)));
    }
    return absl::OkStatus();
  }

 private:
  static Source AsSource(const Target& target) { return {target.data, target.row, target.col}; }
  Target Moved(const Target& target, int64_t cols) const {
    return {ElementAt(dtype_, target.data, cols * target.col), target.row, target.col};
  }
  // Where the sums of a level are: vectors lie as in X, so that one of the loops is contiguous.
  Target Sums(int64_t level) {
    const int64_t length = level % 2 == 1 ? n_ / 2 : n_ / 4;
    Buffer& sums = level % 2 == 1 ? odd_ : even_;
    return side_by_side_ ? Target{sums.data(), 1, blocks_.size} : Target{sums.data(), length, 1};
  }

  // The parts of i < q/2 for which (2i + tap) mod q is 2i + shift with one shift.
  struct Part {
    int64_t first, count, shift;
  };
  static std::vector<Part> PartsOf(int64_t q, int64_t tap) {
    const int64_t shift = tap % q, straight = (q - shift + 1) / 2;
    return {{0, straight, shift}, {straight, q / 2 - straight, shift - q}};
  }

  absl::Status Split(int64_t q, const Source& x, const Target& a, const Target& d) {
    for (const auto& [filter, to] : {std::pair(&low_, &a), std::pair(&high_, &d)}) {
      for (size_t tap = 0; tap < filter->size(); ++tap) {
        for (const Part& part : PartsOf(q, static_cast<int64_t>(tap))) {
          const Source from{ElementAt(dtype_, x.data, (2 * part.first + part.shift) * x.col), x.row,
                            2 * x.col};
          BB_RETURN_IF_ERROR(
              Add(part.count, (*filter)[tap], from, tap > 0, Moved(*to, part.first)));
        }
      }
    }
    return absl::OkStatus();
  }

  // The adjoint. Taps 0 and 1 of one filter reach every element once: they set it.
  absl::Status Join(int64_t q, const Source& a, const Source& d, const Target& x) {
    for (const auto& [filter, from] : {std::pair(&low_, &a), std::pair(&high_, &d)}) {
      for (size_t tap = 0; tap < filter->size(); ++tap) {
        const bool sets = filter == &low_ && tap < 2;
        for (const Part& part : PartsOf(q, static_cast<int64_t>(tap))) {
          Target to = Moved(x, 2 * part.first + part.shift);
          to.col = 2 * x.col;
          const Source values{ElementAt(dtype_, from->data, part.first * from->col), from->row,
                              from->col};
          BB_RETURN_IF_ERROR(Add(part.count, (*filter)[tap], values, !sets, to));
        }
      }
    }
    return absl::OkStatus();
  }

  // to = factor * from, or is added to, for `cols` elements of each vector of the block.
  absl::Status Add(int64_t cols, double factor, const Source& from, bool add, const Target& to) {
    if (cols == 0) return absl::OkStatus();
    ProductArgs args{.dtype = dtype_, .rows = rows_, .cols = cols, .alpha = factor};
    args.x = from.data;
    args.x_row_stride = from.row;
    args.x_col_stride = from.col;
    args.beta = add ? 1 : 0;
    args.y = to.data;
    args.y_row_stride = to.row;
    args.y_col_stride = to.col;
    return ProductAlongY(device_, args);
  }

  const int64_t n_, levels_;
  const bool side_by_side_;  // vectors are columns of X
  std::vector<double> low_, high_;
  int64_t rows_ = 0;  // vectors of the block at hand
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
