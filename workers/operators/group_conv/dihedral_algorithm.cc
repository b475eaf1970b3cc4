// SPDX-License-Identifier: Apache-2.0
// With x = (x0, x1), the parts of rotations and of reflections, and likewise y and a,
//   y0[i] = sum_j a0[i - j] x0[j] + sum_j a1[i + j] x1[j],
//   y1[i] = sum_j a1[i + j] x0[j] + sum_j a0[i - j] x1[j]    (modulo m).
// Turning the order of x1 and y1 round makes correlations of the convolutions and the other way
// round, so that with capitals for Fourier coefficients and B of b[t] = a1[t - 1]
//   [Y0; Y1'] = [A0 B; conj(B) conj(A0)] [X0; X1'] at each frequency,
// which is the irreducible representation of the group that belongs to it.
//   FLOPs of a vector: four real transforms of m, and 28 for each of m/2 + 1 frequencies; backward
//   six and 60.
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/group_conv/group_algorithm.h"
#include "workers/operators/mixer/fft_cost.h"
#include "workers/operators/mixer/row_spectra.h"

namespace basisbench {
namespace {

// Spectra of a block: both parts of x, and of y or dy.
constexpr int64_t kPerVector = 4;

Blocks BlocksFor(const Mixer& op, const Problem& problem, int64_t vectors) {
  return BlocksOf(op, problem, vectors,
                  kPerVector * RowSpectra::Leading(op.InputLength(problem) / 2));
}

class LocalDihedral : public BlockedMixer {
 public:
  LocalDihedral(int64_t half, const Problem& problem, Device& device, const LocalOperands& operands,
                const Blocks& blocks)
      : BlockedMixer(problem, device, operands, blocks), m_(half) {}

  absl::Status Allocate() {
    const Blocks one{1, 1};
    for (const int64_t part : {0, 1}) {
      BB_RETURN_IF_ERROR(a_[part].Allocate(device_, dtype_, m_, one, Ways::kThere));
      BB_RETURN_IF_ERROR(
          x_[part].Allocate(device_, dtype_, m_, blocks_, backward_ ? Ways::kBoth : Ways::kThere));
      BB_RETURN_IF_ERROR(
          y_[part].Allocate(device_, dtype_, m_, blocks_, backward_ ? Ways::kThere : Ways::kBack));
      if (backward_) BB_RETURN_IF_ERROR(da_[part].Allocate(device_, dtype_, m_, one, Ways::kBack));
    }
    return absl::OkStatus();
  }

 protected:
  absl::Status Begin() override {
    const void* a = o_.weights[0];
    BB_RETURN_IF_ERROR(a_[0].Load(1, m_, {a, m_, 1}));
    BB_RETURN_IF_ERROR(a_[0].ToSpectra(1));
    Target b = a_[1].place();
    BB_RETURN_IF_ERROR(
        CopyRows(device_, dtype_, 1, 1, {ElementAt(dtype_, a, 2 * m_ - 1), m_, 1}, b));
    b.data = ElementAt(dtype_, b.data, 1);
    BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, 1, m_ - 1, {ElementAt(dtype_, a, m_), m_, 1}, b));
    return a_[1].ToSpectra(1);
  }

  absl::Status Forward(const Piece& block) override {
    rows_ = block.count;
    BB_RETURN_IF_ERROR(Load(X(block), x_));
    BB_RETURN_IF_ERROR(x_[0].TimesInto(rows_, A(0, false), y_[0]));
    BB_RETURN_IF_ERROR(x_[1].TimesInto(rows_, A(1, false), y_[0], true));
    BB_RETURN_IF_ERROR(x_[0].TimesInto(rows_, A(1, true), y_[1]));
    BB_RETURN_IF_ERROR(x_[1].TimesInto(rows_, A(0, true), y_[1], true));
    return Store(y_, Y(block));
  }

  absl::Status Backward(const Piece& block) override {
    rows_ = block.count;
    const bool add = block.offset > 0;
    BB_RETURN_IF_ERROR(Load(X(block), x_));
    BB_RETURN_IF_ERROR(Load(Dy(block), y_));
    BB_RETURN_IF_ERROR(y_[0].SumInto(rows_, x_[0], add, da_[0]));
    BB_RETURN_IF_ERROR(x_[1].SumInto(rows_, y_[1], true, da_[0]));
    BB_RETURN_IF_ERROR(y_[0].SumInto(rows_, x_[1], add, da_[1]));
    BB_RETURN_IF_ERROR(x_[0].SumInto(rows_, y_[1], true, da_[1]));
    BB_RETURN_IF_ERROR(y_[0].TimesInto(rows_, A(0, true), x_[0]));
    BB_RETURN_IF_ERROR(y_[1].TimesInto(rows_, A(1, false), x_[0], true));
    BB_RETURN_IF_ERROR(y_[0].TimesInto(rows_, A(1, true), x_[1]));
    BB_RETURN_IF_ERROR(y_[1].TimesInto(rows_, A(0, false), x_[1], true));
    return Store(x_, Dx(block));
  }

  absl::Status End() override {
    if (!backward_) return absl::OkStatus();
    for (RowSpectra& part : da_) BB_RETURN_IF_ERROR(part.ToRows(1));
    BB_RETURN_IF_ERROR(StoreGradient(0, 0, 0, m_));
    BB_RETURN_IF_ERROR(StoreGradient(1, 0, 2 * m_ - 1, 1));
    return StoreGradient(1, 1, m_, m_ - 1);
  }

 private:
  using Parts = RowSpectra[2];

  RowSpectra::Factor A(int64_t part, bool conjugate) const {
    return {&a_[part], 0, conjugate, a_[part].normal()};
  }

  // The second part last element first.
  absl::Status Load(const Source& from, Parts& parts) {
    BB_RETURN_IF_ERROR(parts[0].Load(rows_, m_, from));
    const Source last{ElementAt(dtype_, from.data, (2 * m_ - 1) * from.col), from.row, -from.col};
    BB_RETURN_IF_ERROR(parts[1].Load(rows_, m_, last));
    for (RowSpectra& part : parts) BB_RETURN_IF_ERROR(part.ToSpectra(rows_));
    return absl::OkStatus();
  }
  absl::Status Store(Parts& parts, const Target& to) {
    for (RowSpectra& part : parts) BB_RETURN_IF_ERROR(part.ToRows(rows_));
    BB_RETURN_IF_ERROR(parts[0].Store(rows_, m_, to));
    const Source last{ElementAt(dtype_, parts[1].values().data, m_ - 1), parts[1].leading(), -1};
    return CopyRows(device_, dtype_, rows_, m_, last,
                    {ElementAt(dtype_, to.data, m_ * to.col), to.row, to.col});
  }

  absl::Status StoreGradient(int64_t part, int64_t from, int64_t to, int64_t count) {
    ProductArgs args{.dtype = dtype_, .rows = 1, .cols = count, .alpha = da_[part].normal()};
    args.x = ElementAt(dtype_, da_[part].values().data, from);
    args.y = ElementAt(dtype_, o_.gradients[0], to);
    return device_.Product(args);
  }

  const int64_t m_;
  int64_t rows_ = 0;      // of the block at hand
  Parts a_, da_, x_, y_;  // y_ is dy backward, and x_ in the end dx
};

class Dihedral : public GroupAlgorithm {
 public:
  absl::Status CheckOrder(int64_t n) const override {
    if (n % 2 == 0) return absl::OkStatus();
    return absl::UnimplementedError(
        absl::StrCat("group_conv: a dihedral group has an even number of elements, not ", n));
  }
  double Flops(int64_t n) const override {
    return 4 * RealFftFlops(n / 2) + 28 * static_cast<double>(RowSpectra::Coefficients(n / 2));
  }
  double BackwardFlops(int64_t n) const override {
    return 6 * RealFftFlops(n / 2) + 60 * static_cast<double>(RowSpectra::Coefficients(n / 2));
  }
  double Roundings(int64_t n) const override { return 3 * FftRoundings(n / 2) + 2; }
  int64_t Elements(const Mixer& op, const Problem& problem, int64_t vectors) const override {
    if (vectors == 0) return 0;
    const int64_t shared = problem.direction == "backward" ? 4 : 2;
    return RowSpectra::Leading(op.InputLength(problem) / 2) *
           (kPerVector * BlocksFor(op, problem, vectors).size + shared);
  }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Mixer& op, const Problem& problem, Device& device,
      const LocalOperands& operands) const override {
    auto local =
        std::make_unique<LocalDihedral>(op.InputLength(problem) / 2, problem, device, operands,
                                        BlocksFor(op, problem, operands.vectors));
    BB_RETURN_IF_ERROR(local->Allocate());
    return local;
  }
};

}  // namespace

const GroupAlgorithm& DihedralAlgorithm() {
  static const Dihedral algorithm;
  return algorithm;
}

}  // namespace basisbench
