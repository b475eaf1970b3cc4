// SPDX-License-Identifier: Apache-2.0
// y = H (H a . H x) / n, H the Walsh-Hadamard matrix of +-1.
//   FLOPs 2 n lg n + n a vector; backward 3 n lg n + 3 n.
#include <bit>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/group_conv/group_algorithm.h"
#include "workers/operators/mixer/blocked_mixer.h"

namespace basisbench {
namespace {

// Vectors of length n in workspace: x, and backward dy.
int64_t PerVector(const Problem& problem) { return problem.direction == "backward" ? 2 : 1; }

Blocks BlocksFor(const Mixer& op, const Problem& problem, int64_t vectors) {
  return BlocksOf(op, problem, vectors, PerVector(problem) * op.InputLength(problem));
}

class LocalXor : public BlockedMixer {
 public:
  LocalXor(int64_t n, const Problem& problem, Device& device, const LocalOperands& operands,
           const Blocks& blocks)
      : BlockedMixer(problem, device, operands, blocks), n_(n) {}

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(Take(n_, filter_));
    BB_RETURN_IF_ERROR(Take(blocks_.size * n_, x_));
    if (!backward_) return absl::OkStatus();
    BB_RETURN_IF_ERROR(Take(n_, gradient_));
    return Take(blocks_.size * n_, dy_);
  }

 protected:
  absl::Status Begin() override { return Hadamard(1, {o_.weights[0], n_, 1}, 1.0, To(filter_)); }

  absl::Status Forward(const Piece& block) override {
    BB_RETURN_IF_ERROR(Load(block.count, X(block), x_));
    return Filter(block.count, x_, Y(block));
  }

  absl::Status Backward(const Piece& block) override {
    BB_RETURN_IF_ERROR(Load(block.count, X(block), x_));
    BB_RETURN_IF_ERROR(Load(block.count, Dy(block), dy_));
    ColumnSumArgs args{.dtype = dtype_, .rows = block.count, .cols = n_};
    args.x = x_.data(), args.x_row_stride = n_;
    args.w = dy_.data(), args.w_row_stride = n_;
    args.beta = block.offset > 0 ? 1 : 0;
    args.y = gradient_.data();
    BB_RETURN_IF_ERROR(device_.ColumnSum(args));
    return Filter(block.count, dy_, Dx(block));
  }

  absl::Status End() override {
    return backward_ ? Hadamard(1, From(gradient_), Normal(), {o_.gradients[0], n_, 1})
                     : absl::OkStatus();
  }

 private:
  double Normal() const { return 1 / static_cast<double>(n_); }

  // Rows whose elements follow each other.
  WhtArgs Rows(int64_t rows, const Source& from, double scale, const Target& to) const {
    WhtArgs args{.dtype = dtype_, .rows = rows, .n = n_, .scale = scale};
    args.in = from.data, args.in_row_stride = from.row;
    args.out = to.data, args.out_row_stride = to.row;
    return args;
  }
  absl::Status Hadamard(int64_t rows, const Source& from, double scale, const Target& to) {
    return device_.Wht(Rows(rows, from, scale, to));
  }
  Source From(const Buffer& buffer) const { return {buffer.data(), n_, 1}; }
  Target To(Buffer& buffer) const { return {buffer.data(), n_, 1}; }

  absl::Status Load(int64_t rows, const Source& from, Buffer& to) {
    if (from.col == 1) return Hadamard(rows, from, 1.0, To(to));
    BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, rows, n_, from, To(to)));
    return Hadamard(rows, From(to), 1.0, To(to));
  }
  // Times the filter's transform, and back.
  absl::Status Filter(int64_t rows, Buffer& from, const Target& to) {
    const bool ends = to.col == 1;
    WhtArgs args = Rows(rows, From(from), Normal(), ends ? to : To(from));
    args.before = filter_.data();
    if (ends) args.pass_bytes = 2 * o_.vectors * n_ * DtypeSize(dtype_);
    BB_RETURN_IF_ERROR(device_.Wht(args));
    return ends ? absl::OkStatus() : CopyRows(device_, dtype_, rows, n_, From(from), to);
  }

  const int64_t n_;
  Buffer filter_, gradient_;  // transformed
  Buffer x_, dy_;             // of a block
};

class Xor : public GroupAlgorithm {
 public:
  absl::Status CheckOrder(int64_t n) const override {
    if (std::has_single_bit(static_cast<uint64_t>(n))) return absl::OkStatus();
    return absl::UnimplementedError(
        absl::StrCat("group_conv: a group of bits has a power of two of elements, not ", n));
  }
  double Flops(int64_t n) const override { return 2 * Transform(n) + static_cast<double>(n); }
  double BackwardFlops(int64_t n) const override {
    return 3 * Transform(n) + 3 * static_cast<double>(n);
  }
  double Roundings(int64_t n) const override { return 3 * (2 + std::log2(static_cast<double>(n))); }
  int64_t Elements(const Mixer& op, const Problem& problem, int64_t vectors) const override {
    if (vectors == 0) return 0;
    return PerVector(problem) * op.InputLength(problem) *
           (1 + BlocksFor(op, problem, vectors).size);
  }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Mixer& op, const Problem& problem, Device& device,
      const LocalOperands& operands) const override {
    auto local = std::make_unique<LocalXor>(op.InputLength(problem), problem, device, operands,
                                            BlocksFor(op, problem, operands.vectors));
    BB_RETURN_IF_ERROR(local->Allocate());
    return local;
  }

 private:
  static double Transform(int64_t n) {
    return static_cast<double>(n) * std::log2(static_cast<double>(n));
  }
};

}  // namespace

const GroupAlgorithm& XorAlgorithm() {
  static const Xor algorithm;
  return algorithm;
}

}  // namespace basisbench
