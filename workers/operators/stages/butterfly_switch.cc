// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stages/butterfly_switch.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/blocked_mixer.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

int64_t Lg(int64_t n) { return std::countr_zero(static_cast<uint64_t>(n)); }

std::vector<int64_t> Doubling(int64_t first, int64_t count) {
  std::vector<int64_t> strides;
  for (int64_t i = 0; i < count; ++i) strides.push_back(first << i);
  return strides;
}

// Factors on n elements of each vector of a tile, with their weights. Both outlive it.
class LocalStages {
 public:
  LocalStages(Dtype dtype, Device& device, int64_t n, std::vector<int64_t> strides,
              const void* blocks, void* gradient)
      : dtype_(dtype),
        device_(device),
        n_(n),
        strides_(std::move(strides)),
        blocks_(blocks),
        gradient_(gradient) {}

  // In place.
  absl::Status Forward(int64_t vectors, std::byte* x) const {
    return Forward(vectors, x, nullptr, x);
  }

  // dx in the place of dy, and the gradient, which is added to. The inputs of the factors are made
  // again; `scratch` has room for n elements of each vector for each factor.
  absl::Status Backward(int64_t vectors, const std::byte* x, std::byte* scratch,
                        std::byte* dy) const {
    if (strides_.empty()) return absl::OkStatus();
    std::byte* between = scratch + n_ * vectors * DtypeSize(dtype_);
    BB_RETURN_IF_ERROR(Forward(vectors, x, between, scratch));
    return device_.LinearStagesGradient({.dtype = dtype_,
                                         .n = n_,
                                         .cols = vectors,
                                         .strides = strides_,
                                         .blocks = blocks_,
                                         .x = x,
                                         .between = between,
                                         .dy = dy,
                                         .dx = dy,
                                         .beta = 1.0,
                                         .gradient = gradient_});
  }

 private:
  absl::Status Forward(int64_t vectors, const std::byte* x, std::byte* between,
                       std::byte* y) const {
    if (strides_.empty()) return absl::OkStatus();
    return device_.LinearStages({.dtype = dtype_,
                                 .n = n_,
                                 .cols = vectors,
                                 .strides = strides_,
                                 .blocks = blocks_,
                                 .x = x,
                                 .y = y,
                                 .between = between});
  }

  const Dtype dtype_;
  Device& device_;
  const int64_t n_;
  const std::vector<int64_t> strides_;
  const void* blocks_;
  void* gradient_;
};

// What one rank has of both steps.
struct Steps {
  Steps(int64_t n, const SwitchParts& parts_)
      : parts(parts_),
        first_factors(FirstButterflyFactors(n)),
        second_factors(Lg(n) - first_factors),
        inner(int64_t{1} << first_factors),
        in(parts.own_in().count * inner),
        out(parts.own_out().count * (n / inner)) {}

  SwitchParts parts;
  int64_t first_factors, second_factors;
  int64_t inner;
  int64_t in, out;  // own elements of a vector of X, of Y
};

class ButterflySwitchKernel : public SwitchKernel {
 public:
  ButterflySwitchKernel(Steps steps, Dtype dtype, Device& device, const void* weights,
                        void* gradients)
      : s_(std::move(steps)),
        dtype_(dtype),
        device_(device),
        first_(dtype, device, s_.in, Doubling(1, s_.first_factors), weights, gradients),
        second_(dtype, device, s_.out, Doubling(s_.parts.own_out().count, s_.second_factors),
                ElementAt(dtype, weights, OfFirst()),
                gradients == nullptr ? nullptr : ElementAt(dtype, gradients, OfFirst())) {}

  absl::Status First(const SwitchTile& tile) override {
    BB_RETURN_IF_ERROR(first_.Forward(tile.vectors, tile.x));
    return Part(Step::kFirst, tile.vectors, tile.x, tile.z);
  }
  absl::Status Second(const SwitchTile& tile) override {
    BB_RETURN_IF_ERROR(PutTogether(Step::kSecond, tile.vectors, tile.z, tile.y));
    return second_.Forward(tile.vectors, tile.y);
  }
  absl::Status SecondAdjoint(const SwitchTile& tile) override {
    std::byte* z = tile.scratch;
    std::byte* rest = z + s_.out * tile.vectors * DtypeSize(dtype_);
    BB_RETURN_IF_ERROR(PutTogether(Step::kSecond, tile.vectors, tile.z, z));
    BB_RETURN_IF_ERROR(second_.Backward(tile.vectors, z, rest, tile.dy));
    return Part(Step::kSecond, tile.vectors, tile.dy, tile.dz);
  }
  absl::Status FirstAdjoint(const SwitchTile& tile) override {
    BB_RETURN_IF_ERROR(PutTogether(Step::kFirst, tile.vectors, tile.dz, tile.dx));
    return first_.Backward(tile.vectors, tile.x, tile.scratch, tile.dx);
  }

 private:
  // Elements of the first factors' weights: 2 x 2 blocks for pairs.
  int64_t OfFirst() const { return 2 * s_.first_factors * s_.in; }

  // A tile of the first step is [own blocks][places][vectors], of the second [blocks][own places]
  // [vectors]; a peer has some of the places, or of the blocks.
  enum class Step { kFirst, kSecond };
  struct Place {
    int64_t rows, cols, at, leading;
  };
  Place Of(Step step, size_t peer, int64_t vectors) const {
    const Piece &in = s_.parts.in[peer], &out = s_.parts.out[peer];
    const int64_t own_places = s_.parts.own_out().count * vectors;
    if (step == Step::kSecond) return {in.count, own_places, in.offset * own_places, own_places};
    return {s_.parts.own_in().count, out.count * vectors, out.offset * vectors, s_.inner * vectors};
  }
  absl::Status Part(Step step, int64_t vectors, const std::byte* tile,
                    absl::Span<std::byte* const> to) const {
    for (size_t peer = 0; peer < to.size(); ++peer) {
      const Place p = Of(step, peer, vectors);
      BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, p.rows, p.cols,
                                  {ElementAt(dtype_, tile, p.at), p.leading}, {to[peer], p.cols}));
    }
    return absl::OkStatus();
  }
  absl::Status PutTogether(Step step, int64_t vectors, absl::Span<std::byte* const> from,
                           std::byte* tile) const {
    for (size_t peer = 0; peer < from.size(); ++peer) {
      const Place p = Of(step, peer, vectors);
      BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, p.rows, p.cols, {from[peer], p.cols},
                                  {ElementAt(dtype_, tile, p.at), p.leading}));
    }
    return absl::OkStatus();
  }

  const Steps s_;
  const Dtype dtype_;
  Device& device_;
  const LocalStages first_, second_;
};

class ButterflySwitch : public DigitSwitch {
 public:
  explicit ButterflySwitch(int64_t n)
      : n_(n), inner_(int64_t{1} << FirstButterflyFactors(n)), outer_(n / inner_) {}

  int64_t InputDigits() const override { return outer_; }
  int64_t OutputDigits() const override { return inner_; }
  int64_t Depth() const override { return 1; }

  std::vector<int64_t> Inputs(const Piece& digits) const override {
    return IndicesOf({digits.offset * inner_, digits.count * inner_});
  }
  std::vector<int64_t> Outputs(const Piece& digits) const override {
    std::vector<int64_t> elements;
    for (int64_t block = 0; block < outer_; ++block) {
      for (const int64_t place : IndicesOf(digits)) elements.push_back(block * inner_ + place);
    }
    return elements;
  }

  std::vector<HeldWeight> Weights(const SwitchParts& parts) const override;
  int64_t ScratchPerVector(const SwitchParts& parts, bool backward) const override {
    const Steps steps(n_, parts);
    if (!backward) return 0;
    return std::max(steps.first_factors * steps.in, (1 + steps.second_factors) * steps.out);
  }
  std::unique_ptr<SwitchKernel> MakeKernel(Dtype dtype, Device& device, const SwitchParts& parts,
                                           std::vector<const void*> weights,
                                           std::vector<void*> gradients) const override {
    return std::make_unique<ButterflySwitchKernel>(Steps(n_, parts), dtype, device, weights[0],
                                                   gradients[0]);
  }
  int64_t RankBetween(int64_t in, int64_t out) const override {
    return std::min({in * inner_, in * out, out * outer_});
  }

 private:
  const int64_t n_, inner_, outer_;
};

// Rows (factor, pair, to) of own pairs, in that order: those of the first step lie together, of the
// second they are own places of every block whose pair comes after it.
std::vector<HeldWeight> ButterflySwitch::Weights(const SwitchParts& parts) const {
  const Steps steps(n_, parts);
  HeldWeight held{.shared = false, .rows = {}, .cols = {0, 1}};
  for (int64_t factor = 0; factor < steps.first_factors; ++factor) {
    for (const int64_t row : IndicesOf({parts.own_in().offset * inner_, steps.in}))
      held.rows.push_back(factor * n_ + row);
  }
  for (int64_t factor = 0; factor < steps.second_factors; ++factor) {
    // Leaving out those whose pair comes before numbers the blocks without gaps.
    for (int64_t block = 0; block < outer_ / 2; ++block) {
      for (const int64_t place : IndicesOf(parts.own_out())) {
        const int64_t pair = block * inner_ + place;
        for (const int64_t to : {0, 1})
          held.rows.push_back((steps.first_factors + factor) * n_ + 2 * pair + to);
      }
    }
  }
  return {held};
}

}  // namespace

int64_t FirstButterflyFactors(int64_t n) { return (Lg(n) + 1) / 2; }

std::unique_ptr<DigitSwitch> MakeButterflySwitch(int64_t n) {
  return std::make_unique<ButterflySwitch>(n);
}

}  // namespace basisbench
