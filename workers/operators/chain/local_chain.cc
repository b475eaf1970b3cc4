// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/chain/local_chain.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/constants.h"
#include "workers/operators/transform/row_dct.h"

namespace basisbench {
namespace {

bool UsesCosines(const Chain& chain) {
  return chain.Has(Factor::kCosine) || chain.Has(Factor::kInverseCosine);
}

// Workspace of blocks of so many vectors: what goes through the factors, a second place where a
// permutation moves it to, what each diagonal was applied to, and the cosine transform's.
int64_t Elements(const Chain& chain, const Problem& problem, int64_t vectors) {
  const int64_t n = chain.InputLength(problem);
  const bool backward = problem.direction == "backward";
  int64_t places = 1 + (chain.Has(Factor::kPermutation) ? 1 : 0);
  if (backward) places += static_cast<int64_t>(chain.Diagonals());
  int64_t elements = vectors * n * places;
  if (UsesCosines(chain)) elements += RowDct::Elements(n, vectors);
  if (chain.Has(Factor::kPermutation))
    elements += (backward ? 2 : 1) * IndexElements(problem.dtype, n);
  return elements;
}

Blocks BlocksFor(const Chain& chain, const Problem& problem, int64_t vectors) {
  return BlocksOf(chain, problem, vectors, Elements(chain, problem, 1));
}

// Factors that go through memory together: a Hadamard transform with a permutation and a diagonal
// before it, and a diagonal behind it. Every other factor is one alone.
struct Pass {
  Factor factor = Factor::kHadamard;
  bool permutes = false;
  std::optional<size_t> before, after;  // diagonals, by number
};

std::vector<Pass> PassesOf(const std::vector<ChainStep>& steps) {
  const auto is = [&](size_t i, Factor factor) {
    return i < steps.size() && steps[i].factor == factor;
  };
  std::vector<Pass> passes;
  size_t diagonal = 0;
  for (size_t i = 0; i < steps.size();) {
    Pass pass;
    size_t at = i;
    pass.permutes = is(at, Factor::kPermutation);
    if (pass.permutes) ++at;
    const bool scales = is(at, Factor::kDiagonal);
    if (scales) ++at;
    if (is(at, Factor::kHadamard)) {
      if (scales) pass.before = diagonal++;
      if (is(++at, Factor::kDiagonal)) pass.after = diagonal++, ++at;
      i = at;
    } else {
      pass = {.factor = steps[i++].factor};
      if (pass.factor == Factor::kDiagonal) pass.before = diagonal++;
    }
    passes.push_back(pass);
  }
  return passes;
}

class LocalChain : public BlockedMixer {
 public:
  LocalChain(const Chain& chain, const Problem& problem, Device& device,
             const LocalOperands& operands, const Blocks& blocks)
      : BlockedMixer(problem, device, operands, blocks),
        chain_(chain),
        passes_(PassesOf(chain.steps())),
        n_(chain.InputLength(problem)) {}

  absl::Status Allocate(const Problem& problem) {
    BB_RETURN_IF_ERROR(Take(blocks_.size * n_, z_));
    if (backward_)
      BB_RETURN_IF_ERROR(Take(blocks_.size * n_ * static_cast<int64_t>(chain_.Diagonals()), kept_));
    if (UsesCosines(chain_)) BB_RETURN_IF_ERROR(dct_.Allocate(device_, dtype_, n_, blocks_));
    if (!chain_.Has(Factor::kPermutation)) return absl::OkStatus();
    BB_RETURN_IF_ERROR(Take(blocks_.size * n_, spare_));
    const std::vector<int32_t> there = chain_.Permutation(problem, n_);
    BB_ASSIGN_OR_RETURN(there_, MakeIndices(device_, there));
    if (!backward_) return absl::OkStatus();
    std::vector<int32_t> back(there.size());
    for (size_t j = 0; j < there.size(); ++j) back[there[j]] = static_cast<int32_t>(j);
    BB_ASSIGN_OR_RETURN(back_, MakeIndices(device_, back));
    return absl::OkStatus();
  }

 protected:
  // The first pass reads X and the last one writes Y where vectors lie in one piece.
  absl::Status Forward(const Piece& block) override {
    rows_ = block.count;
    Source at = X(block);
    if (at.col != 1) {
      BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, rows_, n_, at, Z()));
      at = Contents();
    }
    const Target y = Y(block);
    for (const Pass& pass : passes_) {
      const bool ends = &pass == &passes_.back() && y.col == 1;
      BB_RETURN_IF_ERROR(Through(pass, at, ends ? y : Z()));
      at = Contents();
    }
    return y.col == 1 ? absl::OkStatus() : CopyRows(device_, dtype_, rows_, n_, at, y);
  }

  absl::Status Backward(const Piece& block) override {
    rows_ = block.count;
    BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, rows_, n_, X(block), Z()));
    size_t diagonal = 0;
    for (size_t i = 0; i <= chain_.Repeated(); ++i) {
      const Factor factor = chain_.steps()[i].factor;
      if (factor != Factor::kDiagonal) {
        BB_RETURN_IF_ERROR(Transform(factor, false, Contents(), Z()));
        continue;
      }
      BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, rows_, n_, Contents(), {Kept(diagonal), n_, 1}));
      if (i < chain_.Repeated()) BB_RETURN_IF_ERROR(Scale(diagonal, Contents(), Z()));
      ++diagonal;
    }
    BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, rows_, n_, Dy(block), Z()));
    for (size_t i = chain_.steps().size(); i-- > 0;) {
      const Factor factor = chain_.steps()[i].factor;
      if (factor != Factor::kDiagonal) {
        BB_RETURN_IF_ERROR(Transform(factor, true, Contents(), Z()));
        continue;
      }
      BB_RETURN_IF_ERROR(Gradient(--diagonal, block.offset > 0));
      BB_RETURN_IF_ERROR(Scale(diagonal, Contents(), Z()));
    }
    return CopyRows(device_, dtype_, rows_, n_, Contents(), Dx(block));
  }

 private:
  Target Z() { return {z_.data(), n_, 1}; }
  Source Contents() const { return {z_.data(), n_, 1}; }
  void* Kept(size_t diagonal) {
    return ElementAt(dtype_, kept_.data(), static_cast<int64_t>(diagonal) * blocks_.size * n_);
  }

  absl::Status Scale(size_t diagonal, const Source& from, const Target& to) {
    ProductArgs args{.dtype = dtype_, .rows = rows_, .cols = n_};
    args.x = from.data, args.x_row_stride = from.row;
    args.y = to.data, args.y_row_stride = to.row;
    args.w = o_.weights[diagonal];
    return device_.Product(args);
  }

  absl::Status Gradient(size_t diagonal, bool add) {
    ColumnSumArgs args{.dtype = dtype_, .rows = rows_, .cols = n_};
    args.x = z_.data();
    args.x_row_stride = n_;
    args.w = Kept(diagonal);
    args.w_row_stride = n_;
    args.beta = add ? 1 : 0;
    args.y = o_.gradients[diagonal];
    return device_.ColumnSum(args);
  }

  absl::Status Through(const Pass& pass, const Source& from, const Target& to) {
    if (pass.factor == Factor::kDiagonal) return Scale(*pass.before, from, to);
    if (pass.factor == Factor::kHadamard) return Hadamard(pass, from, to);
    return Transform(pass.factor, false, from, to);
  }

  // Rows in one piece.
  absl::Status Transform(Factor factor, bool adjoint, const Source& from, const Target& to) {
    switch (factor) {
      case Factor::kDiagonal:
        return absl::InternalError("a diagonal is no transform");
      case Factor::kHadamard:
        return Hadamard({}, from, to);
      case Factor::kCosine:
      case Factor::kInverseCosine:
        return (factor == Factor::kCosine) != adjoint ? dct_.Apply(rows_, from, to)
                                                      : dct_.Adjoint(rows_, from, to);
      case Factor::kPermutation:
        return Permute(adjoint ? back_ : there_, from, to);
    }
    return absl::OkStatus();
  }

  absl::Status Hadamard(const Pass& pass, const Source& from, const Target& to) {
    WhtArgs args{.dtype = dtype_, .rows = rows_, .n = n_};
    args.scale = 1 / std::sqrt(static_cast<double>(n_));
    args.in = from.data, args.in_row_stride = from.row;
    args.out = to.data, args.out_row_stride = to.row;
    // What stays in z_ is read again soon.
    if (to.data != z_.data()) args.pass_bytes = 2 * o_.vectors * n_ * DtypeSize(dtype_);
    if (pass.before) args.before = o_.weights[*pass.before];
    if (pass.after) args.after = o_.weights[*pass.after];
    if (!pass.permutes) return device_.Wht(args);
    args.index = there_.as<int32_t>();
    const bool in_place = from.data == to.data;
    if (in_place) args.out = spare_.data();
    BB_RETURN_IF_ERROR(device_.Wht(args));
    if (in_place) std::swap(z_, spare_);
    return absl::OkStatus();
  }

  // Not in place: what stays in z_ is made in the other place, which is z_ from then on.
  absl::Status Permute(const Buffer& index, const Source& from, const Target& to) {
    const bool in_place = from.data == to.data;
    GatherArgs args{.dtype = dtype_, .rows = rows_, .cols = n_};
    args.index = index.as<int32_t>();
    args.x = from.data, args.x_row_stride = from.row;
    args.y = in_place ? spare_.data() : to.data, args.y_row_stride = to.row;
    BB_RETURN_IF_ERROR(device_.Gather(args));
    if (in_place) std::swap(z_, spare_);
    return absl::OkStatus();
  }

  const Chain& chain_;
  const std::vector<Pass> passes_;  // forward
  const int64_t n_;
  int64_t rows_ = 0;  // of the block at hand
  Buffer z_, spare_, kept_;
  Buffer there_, back_;  // permutation and inverse
  RowDct dct_;
};

}  // namespace

int64_t LocalChainElements(const Chain& chain, const Problem& problem, int64_t vectors) {
  return vectors == 0 ? 0 : Elements(chain, problem, BlocksFor(chain, problem, vectors).size);
}

absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocalChain(const Chain& chain,
                                                           const Problem& problem, Device& device,
                                                           const LocalOperands& operands) {
  auto local = std::make_unique<LocalChain>(chain, problem, device, operands,
                                            BlocksFor(chain, problem, operands.vectors));
  BB_RETURN_IF_ERROR(local->Allocate(problem));
  return local;
}

}  // namespace basisbench
