// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stages/butterfly_switch.h"

#include <algorithm>
#include <bit>

#include "workers/operators/mixer/blocked_mixer.h"
#include "workers/operators/partition.h"
#include "workers/operators/stages/butterfly_mixer.h"

namespace basisbench {
namespace {

int64_t Factors(int64_t n) { return std::countr_zero(static_cast<uint64_t>(n)); }

class ButterflySwitch : public FactorSwitch {
 public:
  explicit ButterflySwitch(int64_t n)
      : FactorSwitch(CutButterfly(n)), n_(n), second_factors_(Factors(n) - cut().factors) {}

  std::vector<HeldWeight> Weights(const SwitchParts& parts) const override;
  int64_t StepScratch(Step step, const SwitchParts& parts, bool backward) const override {
    const int64_t factors = step == Step::kFirst ? cut().factors : second_factors_;
    return backward ? std::max<int64_t>(0, factors - 1) * OwnElements(step, parts) : 0;
  }
  std::unique_ptr<TileKernel> MakeStep(Step step, Dtype dtype, Device& device,
                                       const SwitchParts& parts,
                                       const LocalOperands& all_weights) const override;

 private:
  const int64_t n_, second_factors_;
};

// Rows (factor, pair, to) of own pairs, in that order: those of the first step lie together, of the
// second they are own places of every block whose pair comes after it.
std::vector<HeldWeight> ButterflySwitch::Weights(const SwitchParts& parts) const {
  HeldWeight held{.shared = false, .rows = {}, .cols = {0, 1}};
  for (int64_t factor = 0; factor < cut().factors; ++factor) {
    for (const int64_t row : Inputs(parts.own_in())) held.rows.push_back(factor * n_ + row);
  }
  for (int64_t factor = 0; factor < second_factors_; ++factor) {
    // Leaving out those whose pair comes before numbers the blocks without gaps.
    for (int64_t block = 0; block < cut().blocks / 2; ++block) {
      for (const int64_t place : IndicesOf(parts.own_out())) {
        const int64_t pair = block * cut().places + place;
        for (const int64_t to : {0, 1})
          held.rows.push_back((cut().factors + factor) * n_ + 2 * pair + to);
      }
    }
  }
  return {held};
}

std::unique_ptr<TileKernel> ButterflySwitch::MakeStep(Step step, Dtype dtype, Device& device,
                                                      const SwitchParts& parts,
                                                      const LocalOperands& all_weights) const {
  const bool first = step == Step::kFirst;
  const int64_t factors = first ? cut().factors : second_factors_;
  if (factors == 0) return nullptr;
  // 2 x 2 blocks for pairs: two numbers for each element.
  const int64_t skipped = first ? 0 : 2 * cut().factors * OwnElements(Step::kFirst, parts);
  const auto after = [&](auto* weights) {
    return weights == nullptr ? nullptr : ElementAt(dtype, weights, skipped);
  };
  std::vector<int64_t> strides;
  for (int64_t stride = first ? 1 : parts.own_out().count; factors > std::ssize(strides);
       stride *= 2)
    strides.push_back(stride);
  return MakeButterflyKernel(OwnElements(step, parts), strides, dtype, device,
                             after(all_weights.weights[0]), after(all_weights.gradients[0]));
}

}  // namespace

FactorCut CutButterfly(int64_t n) {
  return CutFactors(n, 1, std::vector<int64_t>(static_cast<size_t>(Factors(n)), 2));
}

std::unique_ptr<DigitSwitch> MakeButterflySwitch(int64_t n) {
  return std::make_unique<ButterflySwitch>(n);
}

}  // namespace basisbench
