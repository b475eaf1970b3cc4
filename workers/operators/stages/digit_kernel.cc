// SPDX-License-Identifier: Apache-2.0
// The factors on a tile, one batch of products each. Elements of a digit are inner x block apart;
// where that is one row of a matrix (block 1, or nothing inside), the whole group is one product,
// otherwise each pair of blocks is.
#include <array>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/gemm_loops.h"
#include "workers/operators/stages/digit_mixer.h"

namespace basisbench {
namespace {

class DigitKernel : public TileKernel {
 public:
  DigitKernel(int64_t n, const std::vector<Digit>& digits, Dtype dtype, Device& device,
              const LocalOperands& operands)
      : n_(n), digits_(digits), dtype_(dtype), device_(device), o_(operands) {
    for (Digit& digit : digits_) {
      if (digit.inner > 1) continue;
      digit.size *= std::exchange(digit.block, 1);
    }
  }

  absl::Status Forward(const Tile& tile) override {
    const std::byte* from = tile.x;
    for (size_t factor = 0; factor < digits_.size(); ++factor) {
      std::byte* to = (digits_.size() - 1 - factor) % 2 == 0 ? tile.y : tile.scratch;
      BB_RETURN_IF_ERROR(Apply(factor, tile.vectors, from, to));
      from = to;
    }
    return absl::OkStatus();
  }

  absl::Status Backward(const Tile& tile) override {
    const size_t last = digits_.size() - 1;
    for (size_t factor = 0; factor < last; ++factor)
      BB_RETURN_IF_ERROR(
          Apply(factor, tile.vectors, InputOf(factor, tile), InputOf(factor + 1, tile)));
    const std::byte* dy = tile.dy;
    for (size_t left = digits_.size(); left > 0; --left) {
      const size_t factor = left - 1;
      std::byte* dx = factor % 2 == 0 ? tile.dx : InputOf(last + 1, tile);
      BB_RETURN_IF_ERROR(Gradient(factor, tile, dy));
      BB_RETURN_IF_ERROR(Adjoint(factor, tile.vectors, dy, dx));
      dy = dx;
    }
    return absl::OkStatus();
  }

 private:
  // Kept backward: the inputs of the factors but the first, then room for one more.
  std::byte* InputOf(size_t factor, const Tile& tile) const {
    if (factor == 0) return tile.x;
    return tile.scratch + static_cast<int64_t>(factor - 1) * n_ * tile.vectors * DtypeSize(dtype_);
  }

  // Sizes and distances of a factor's products, in elements.
  struct Places {
    Places(const Digit& d, int64_t vectors)
        : by_group(d.block == 1),
          rows(by_group ? d.size : d.block),
          width(d.size * d.block),
          apart(d.inner * d.block * vectors),
          leading(by_group ? apart : vectors),
          outer{d.outer, d.size * apart, d.inner * width * width},
          inner{d.inner, d.block * vectors, width * width},
          pieces(by_group ? 1 : d.size),
          down(d.block * width),
          right(d.block) {}

    struct Index {
      int64_t count, of_data, of_matrix;
    };
    bool by_group;
    int64_t rows, width, apart, leading;
    Index outer, inner;
    int64_t pieces, down, right;  // of a matrix: in each direction, and how far apart
  };

  absl::Status Apply(size_t factor, int64_t vectors, const std::byte* x, std::byte* y) {
    const Places p(digits_[factor], vectors);
    GemmArgs args{.dtype = dtype_, .m = p.rows, .n = vectors, .k = p.rows};
    args.a = o_.weights[factor], args.lda = p.width;
    args.b = x, args.ldb = p.leading;
    args.c = y, args.ldc = p.leading;
    return GemmOver(device_, args,
                    {Loop{p.outer.count, p.outer.of_matrix, p.outer.of_data, p.outer.of_data},
                     Loop{p.inner.count, p.inner.of_matrix, p.inner.of_data, p.inner.of_data},
                     Loop{p.pieces, p.down, 0, p.apart}, Loop{p.pieces, p.right, p.apart, 0}});
  }

  absl::Status Adjoint(size_t factor, int64_t vectors, const std::byte* dy, std::byte* dx) {
    const Places p(digits_[factor], vectors);
    GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
    args.m = p.rows, args.n = vectors, args.k = p.rows;
    args.a = o_.weights[factor], args.lda = p.width;
    args.b = dy, args.ldb = p.leading;
    args.c = dx, args.ldc = p.leading;
    return GemmOver(device_, args,
                    {Loop{p.outer.count, p.outer.of_matrix, p.outer.of_data, p.outer.of_data},
                     Loop{p.inner.count, p.inner.of_matrix, p.inner.of_data, p.inner.of_data},
                     Loop{p.pieces, p.right, 0, p.apart}, Loop{p.pieces, p.down, p.apart, 0}});
  }

  absl::Status Gradient(size_t factor, const Tile& tile, const std::byte* dy) {
    const Places p(digits_[factor], tile.vectors);
    GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
    args.m = p.rows, args.n = p.rows, args.k = tile.vectors;
    args.a = dy, args.lda = p.leading;
    args.b = InputOf(factor, tile), args.ldb = p.leading;
    args.beta = tile.first ? 0.0 : 1.0;
    args.c = o_.gradients[factor], args.ldc = p.width;
    return GemmOver(device_, args,
                    {Loop{p.outer.count, p.outer.of_data, p.outer.of_data, p.outer.of_matrix},
                     Loop{p.inner.count, p.inner.of_data, p.inner.of_data, p.inner.of_matrix},
                     Loop{p.pieces, p.apart, 0, p.down}, Loop{p.pieces, 0, p.apart, p.right}});
  }

  const int64_t n_;
  std::vector<Digit> digits_;
  const Dtype dtype_;
  Device& device_;
  const LocalOperands o_;
};

}  // namespace

std::unique_ptr<TileKernel> MakeDigitKernel(int64_t n, const std::vector<Digit>& digits,
                                            Dtype dtype, Device& device,
                                            const LocalOperands& operands) {
  return std::make_unique<DigitKernel>(n, digits, dtype, device, operands);
}

int64_t DigitScratch(int64_t n, int64_t factors, bool backward) {
  return n * (backward ? factors : factors > 1);
}

int64_t DigitMixer::ScratchPerVector(const Problem& problem) const {
  return DigitScratch(InputLength(problem), static_cast<int64_t>(Digits(problem).size()),
                      problem.direction == "backward");
}

absl::StatusOr<std::unique_ptr<TileKernel>> DigitMixer::MakeKernel(
    const Problem& problem, Device& device, const LocalOperands& operands) const {
  return MakeDigitKernel(InputLength(problem), Digits(problem), problem.dtype, device, operands);
}

}  // namespace basisbench
