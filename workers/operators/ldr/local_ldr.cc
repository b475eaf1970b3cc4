// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/ldr/local_ldr.h"

#include "services/base/status_macros.h"
#include "workers/operators/mixer/row_spectra.h"
#include "workers/operators/parameters.h"

namespace basisbench {
namespace {

constexpr Wrap kNega = Wrap::kNegacyclic;

// Rows of a block, each kind of spectra: x, u and backward dx negacyclic; v and y or dy cyclic.
int64_t RowElements(const Problem& problem, int64_t n) {
  const int64_t negacyclic = problem.direction == "backward" ? 3 : 2;
  return negacyclic * RowSpectra::Leading(n, kNega) + 2 * RowSpectra::Leading(n);
}

Blocks BlocksFor(const Mixer& op, const Problem& problem, int64_t vectors) {
  return BlocksOf(op, problem, vectors, RowElements(problem, op.InputLength(problem)));
}

class LocalLdr : public BlockedMixer {
 public:
  LocalLdr(const Mixer& op, const Problem& problem, Device& device, const LocalOperands& operands,
           const Blocks& blocks)
      : BlockedMixer(problem, device, operands, blocks),
        n_(op.InputLength(problem)),
        rank_(IntegerParameter(problem, "rank")) {}

  absl::Status Allocate() {
    const Blocks factors{rank_, rank_};
    BB_RETURN_IF_ERROR(g_.Allocate(device_, dtype_, n_, factors, Ways::kThere));
    BB_RETURN_IF_ERROR(h_.Allocate(device_, dtype_, n_, factors, Ways::kThere, kNega));
    BB_RETURN_IF_ERROR(x_.Allocate(device_, dtype_, n_, blocks_, Ways::kThere, kNega));
    BB_RETURN_IF_ERROR(u_.Allocate(device_, dtype_, n_, blocks_, Ways::kBoth, kNega));
    BB_RETURN_IF_ERROR(v_.Allocate(device_, dtype_, n_, blocks_));
    BB_RETURN_IF_ERROR(y_.Allocate(device_, dtype_, n_, blocks_));
    if (!backward_) return absl::OkStatus();
    BB_RETURN_IF_ERROR(dx_.Allocate(device_, dtype_, n_, blocks_, Ways::kBack, kNega));
    BB_RETURN_IF_ERROR(dg_.Allocate(device_, dtype_, n_, factors, Ways::kBack));
    return dh_.Allocate(device_, dtype_, n_, factors, Ways::kBack, kNega);
  }

 protected:
  absl::Status Begin() override {
    BB_RETURN_IF_ERROR(g_.Load(rank_, n_, {o_.weights[0], n_, 1}));
    BB_RETURN_IF_ERROR(g_.ToSpectra(rank_));
    const void* last = ElementAt(dtype_, o_.weights[1], n_ - 1);
    BB_RETURN_IF_ERROR(h_.Load(rank_, n_, {last, n_, -1}));
    return h_.ToSpectra(rank_);
  }

  absl::Status Forward(const Piece& block) override {
    rows_ = block.count;
    BB_RETURN_IF_ERROR(x_.Load(rows_, n_, X(block)));
    BB_RETURN_IF_ERROR(x_.ToSpectra(rows_));
    for (int64_t i = 0; i < rank_; ++i) {
      BB_RETURN_IF_ERROR(FirstFactor(i));
      BB_RETURN_IF_ERROR(v_.TimesInto(rows_, {&g_, i, false, 0.5 * v_.normal()}, y_, i > 0));
    }
    BB_RETURN_IF_ERROR(y_.ToRows(rows_));
    return y_.Store(rows_, n_, Y(block));
  }

  absl::Status Backward(const Piece& block) override {
    rows_ = block.count;
    const bool add = block.offset > 0;
    BB_RETURN_IF_ERROR(x_.Load(rows_, n_, X(block)));
    BB_RETURN_IF_ERROR(x_.ToSpectra(rows_));
    BB_RETURN_IF_ERROR(y_.Load(rows_, n_, Dy(block)));
    BB_RETURN_IF_ERROR(y_.ToSpectra(rows_));
    for (int64_t i = 0; i < rank_; ++i) {
      BB_RETURN_IF_ERROR(FirstFactor(i));
      BB_RETURN_IF_ERROR(y_.SumInto(rows_, v_, add, dg_, i));
      // What reaches the first factor, 1/2 Z_1(g)^T dy.
      BB_RETURN_IF_ERROR(y_.TimesInto(rows_, {&g_, i, true, 0.5 * v_.normal()}, v_));
      BB_RETURN_IF_ERROR(v_.ToRows(rows_));
      BB_RETURN_IF_ERROR(u_.Load(rows_, n_, v_.values()));
      BB_RETURN_IF_ERROR(u_.ToSpectra(rows_));
      BB_RETURN_IF_ERROR(u_.SumInto(rows_, x_, add, dh_, i));
      BB_RETURN_IF_ERROR(u_.TimesInto(rows_, {&h_, i, true, u_.normal()}, dx_, i > 0));
    }
    BB_RETURN_IF_ERROR(dx_.ToRows(rows_));
    return dx_.Store(rows_, n_, Dx(block));
  }

  absl::Status End() override {
    if (!backward_) return absl::OkStatus();
    BB_RETURN_IF_ERROR(dg_.ToRows(rank_));
    BB_RETURN_IF_ERROR(dg_.Store(rank_, n_, {o_.gradients[0], n_, 1}, 0.5 * dg_.normal()));
    BB_RETURN_IF_ERROR(dh_.ToRows(rank_));
    void* last = ElementAt(dtype_, o_.gradients[1], n_ - 1);
    return dh_.Store(rank_, n_, {last, n_, -1}, dh_.normal());
  }

 private:
  // v becomes the cyclic spectra of Z_-1(J h_i) x.
  absl::Status FirstFactor(int64_t i) {
    BB_RETURN_IF_ERROR(x_.TimesInto(rows_, {&h_, i, false, x_.normal()}, u_));
    BB_RETURN_IF_ERROR(u_.ToRows(rows_));
    BB_RETURN_IF_ERROR(u_.Store(rows_, n_, v_.place()));
    return v_.ToSpectra(rows_);
  }

  const int64_t n_, rank_;
  int64_t rows_ = 0;               // of the block at hand
  RowSpectra g_, h_, dg_, dh_;     // one row for each unit of rank
  RowSpectra x_, u_, v_, y_, dx_;  // one row for each vector; y_ is dy backward
};

}  // namespace

int64_t LocalLdrElements(const Mixer& op, const Problem& problem, int64_t vectors) {
  if (vectors == 0) return 0;
  const int64_t n = op.InputLength(problem), rank = IntegerParameter(problem, "rank");
  const bool backward = problem.direction == "backward";
  const int64_t factors =
      (backward ? 2 : 1) * rank * (RowSpectra::Leading(n) + RowSpectra::Leading(n, kNega));
  const int64_t shared = (backward ? 5 : 3) * RowSpectra::SharedElements(n, kNega);
  return BlocksFor(op, problem, vectors).size * RowElements(problem, n) + factors + shared;
}

absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocalLdr(const Mixer& op, const Problem& problem,
                                                         Device& device,
                                                         const LocalOperands& operands) {
  auto local = std::make_unique<LocalLdr>(op, problem, device, operands,
                                          BlocksFor(op, problem, operands.vectors));
  BB_RETURN_IF_ERROR(local->Allocate());
  return local;
}

}  // namespace basisbench
