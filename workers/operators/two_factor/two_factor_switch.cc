// SPDX-License-Identifier: Apache-2.0
// Sharding "all_to_all" of the two-factor structure. X is cut by gamma or beta, whichever has more,
// Y by phi or delta: A works within each pair (gamma, beta), B within each (phi, delta). Where
// gamma is cut, a rank has the A of its own; where beta is, all of it, and the gradient is a sum
// over the ranks. So with B, phi and delta. A is kept by the rank that takes what it makes, its
// rows (rank, gamma, phi, rho, delta), B by the rank that makes what it takes, its columns (rank,
// rho, gamma, beta): each step is the whole map's products on fewer digits for each rank.
#include <algorithm>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/blocked_mixer.h"
#include "workers/operators/partition.h"
#include "workers/operators/two_factor/factors.h"

namespace basisbench {
namespace {

class TwoFactorSwitch : public DigitSwitch {
 public:
  explicit TwoFactorSwitch(const TwoFactorShape& shape)
      : s_(shape), by_gamma_(shape.gamma >= shape.beta), by_phi_(shape.phi >= shape.delta) {}

  int64_t InputDigits() const override { return by_gamma_ ? s_.gamma : s_.beta; }
  int64_t OutputDigits() const override { return by_phi_ ? s_.phi : s_.delta; }
  int64_t Depth() const override { return s_.middle() / (InputDigits() * OutputDigits()); }

  std::vector<int64_t> Inputs(const Piece& digits) const override {
    const Piece gammas = by_gamma_ ? digits : Piece{0, s_.gamma};
    const Piece betas = by_gamma_ ? Piece{0, s_.beta} : digits;
    return Elements(gammas, s_.beta, betas, s_.alpha);
  }
  std::vector<int64_t> Outputs(const Piece& digits) const override {
    if (by_phi_) return Elements(digits, 1, {0, 1}, s_.epsilon * s_.delta);
    std::vector<int64_t> elements;
    for (const int64_t row : IndicesOf({0, s_.phi * s_.epsilon})) {
      for (const int64_t delta : IndicesOf(digits)) elements.push_back(row * s_.delta + delta);
    }
    return elements;
  }

  std::vector<HeldWeight> Weights(const SwitchParts& parts) const override {
    return {A(parts), B(parts)};
  }
  int64_t ScratchPerVector(const SwitchParts&, bool) const override { return 0; }
  std::unique_ptr<SwitchKernel> MakeKernel(Dtype dtype, Device& device, const SwitchParts& parts,
                                           std::vector<const void*> weights,
                                           std::vector<void*> gradients) const override;

  // A block (phi, gamma) is a sum of rho Kronecker products of epsilon x beta and delta x alpha
  // matrices; what is cut has fewer rows or columns, or there are fewer blocks.
  int64_t RankBetween(int64_t in, int64_t out) const override {
    TwoFactorShape s = s_;
    (by_gamma_ ? s.gamma : s.beta) = in;
    (by_phi_ ? s.phi : s.delta) = out;
    const int64_t of_block = s.rho * std::min(s.epsilon, s.beta) * std::min(s.delta, s.alpha);
    return std::min({s.in(), s.out(), s.phi * s.gamma * of_block});
  }

  // The map of some digits to some.
  TwoFactorShape Of(const Piece& in, const Piece& out) const {
    TwoFactorShape s = s_;
    (by_gamma_ ? s.gamma : s.beta) = in.count;
    (by_phi_ ? s.phi : s.delta) = out.count;
    return s;
  }
  // Rows of A, and terms of B, that belong to some digits.
  int64_t RowsOfA(const Piece& in, const Piece& out) const {
    const TwoFactorShape s = Of(in, out);
    return s.gamma * s.phi * s.rho * s.delta;
  }

 private:
  static std::vector<int64_t> Elements(const Piece& slow, int64_t middles, const Piece& middle,
                                       int64_t fast) {
    std::vector<int64_t> elements;
    for (const int64_t i : IndicesOf(slow)) {
      for (const int64_t j : IndicesOf(middle)) {
        for (const int64_t k : IndicesOf({0, fast}))
          elements.push_back((i * middles + j) * fast + k);
      }
    }
    return elements;
  }

  HeldWeight A(const SwitchParts& parts) const {
    HeldWeight held{.shared = !by_gamma_, .rows = {}, .cols = IndicesOf({0, s_.alpha})};
    const Piece gammas = by_gamma_ ? parts.own_in() : Piece{0, s_.gamma};
    for (const Piece& peer : parts.out) {
      const Piece phis = by_phi_ ? peer : Piece{0, s_.phi};
      const Piece deltas = by_phi_ ? Piece{0, s_.delta} : peer;
      for (const int64_t gamma : IndicesOf(gammas)) {
        for (const int64_t pair : IndicesOf({phis.offset * s_.rho, phis.count * s_.rho})) {
          for (const int64_t delta : IndicesOf(deltas))
            held.rows.push_back((gamma * s_.phi * s_.rho + pair) * s_.delta + delta);
        }
      }
    }
    return held;
  }
  HeldWeight B(const SwitchParts& parts) const {
    const Piece phis = by_phi_ ? parts.own_out() : Piece{0, s_.phi};
    HeldWeight held{.shared = !by_phi_,
                    .rows = IndicesOf({phis.offset * s_.epsilon, phis.count * s_.epsilon}),
                    .cols = {}};
    for (const Piece& peer : parts.in) {
      const Piece gammas = by_gamma_ ? peer : Piece{0, s_.gamma};
      const Piece betas = by_gamma_ ? Piece{0, s_.beta} : peer;
      for (const int64_t rho : IndicesOf({0, s_.rho})) {
        for (const int64_t gamma : IndicesOf(gammas)) {
          for (const int64_t beta : IndicesOf(betas))
            held.cols.push_back((rho * s_.gamma + gamma) * s_.beta + beta);
        }
      }
    }
    return held;
  }

  const TwoFactorShape s_;
  const bool by_gamma_, by_phi_;  // what is cut
};

// A peer's share of a step: products, and where its part of the weight starts.
struct Share {
  Factors factors;
  int64_t weight;
  bool none;  // one of both has no digits
};

class TwoFactorSwitchKernel : public SwitchKernel {
 public:
  TwoFactorSwitchKernel(const TwoFactorSwitch& map, Dtype dtype, Device& device,
                        const SwitchParts& parts, std::vector<const void*> weights,
                        std::vector<void*> gradients)
      : dtype_(dtype), weights_(std::move(weights)), gradients_(std::move(gradients)) {
    int64_t rows = 0, terms = 0, all_terms = 0;
    for (const Piece& in : parts.in) all_terms += map.Of(in, parts.own_out()).sums();
    for (int peer = 0; peer < parts.peers(); ++peer) {
      const Piece &in = parts.own_in(), &out = parts.out[peer];
      const TwoFactorShape first = map.Of(in, out);
      first_.push_back(
          {{first, first.sums(), dtype, device}, rows * first.alpha, in.count * out.count == 0});
      rows += map.RowsOfA(in, out);
      const TwoFactorShape second = map.Of(parts.in[peer], parts.own_out());
      second_.push_back({{second, all_terms, dtype, device},
                         terms,
                         parts.in[peer].count * parts.own_out().count == 0});
      terms += second.sums();
    }
  }

  absl::Status First(const SwitchTile& tile) override {
    for (size_t peer = 0; peer < first_.size(); ++peer) {
      const Share& share = first_[peer];
      if (share.none) continue;
      BB_RETURN_IF_ERROR(share.factors.First(tile.vectors, Weight(0, share), tile.x, tile.z[peer]));
    }
    return absl::OkStatus();
  }

  // Digits go to the first ranks first: the first share is never none.
  absl::Status Second(const SwitchTile& tile) override {
    for (size_t peer = 0; peer < second_.size(); ++peer) {
      const Share& share = second_[peer];
      if (share.none) continue;
      BB_RETURN_IF_ERROR(
          share.factors.Second(tile.vectors, Weight(1, share), tile.z[peer], peer > 0, tile.y));
    }
    return absl::OkStatus();
  }

  absl::Status SecondAdjoint(const SwitchTile& tile) override {
    for (size_t peer = 0; peer < second_.size(); ++peer) {
      const Share& share = second_[peer];
      if (share.none) continue;
      BB_RETURN_IF_ERROR(
          share.factors.SecondAdjoint(tile.vectors, Weight(1, share), tile.dy, tile.dz[peer]));
      BB_RETURN_IF_ERROR(share.factors.SecondGradient(tile.vectors, tile.dy, tile.z[peer], true,
                                                      Gradient(1, share)));
    }
    return absl::OkStatus();
  }

  absl::Status FirstAdjoint(const SwitchTile& tile) override {
    for (size_t peer = 0; peer < first_.size(); ++peer) {
      const Share& share = first_[peer];
      if (share.none) continue;
      BB_RETURN_IF_ERROR(share.factors.FirstAdjoint(tile.vectors, Weight(0, share), tile.dz[peer],
                                                    peer > 0, tile.dx));
      BB_RETURN_IF_ERROR(share.factors.FirstGradient(tile.vectors, tile.dz[peer], tile.x, true,
                                                     Gradient(0, share)));
    }
    return absl::OkStatus();
  }

 private:
  const void* Weight(size_t index, const Share& share) const {
    return ElementAt(dtype_, weights_[index], share.weight);
  }
  void* Gradient(size_t index, const Share& share) const {
    return ElementAt(dtype_, gradients_[index], share.weight);
  }

  const Dtype dtype_;
  const std::vector<const void*> weights_;
  const std::vector<void*> gradients_;
  std::vector<Share> first_, second_;
};

std::unique_ptr<SwitchKernel> TwoFactorSwitch::MakeKernel(Dtype dtype, Device& device,
                                                          const SwitchParts& parts,
                                                          std::vector<const void*> weights,
                                                          std::vector<void*> gradients) const {
  return std::make_unique<TwoFactorSwitchKernel>(*this, dtype, device, parts, std::move(weights),
                                                 std::move(gradients));
}

}  // namespace

TwoFactorMixer::TwoFactorMixer(OperatorDescription description)
    : TiledMixer(std::move(description)) {
  Add(SwitchSharding(*this, [this](const Problem& problem) {
    return std::make_unique<TwoFactorSwitch>(Shape(problem));
  }));
}

}  // namespace basisbench
