// SPDX-License-Identifier: Apache-2.0
// Products of factors over digits in two steps (factor_switch.h). Of a factor of the first step a
// rank has the matrices of its own blocks, which lie together; of the second those of its own
// places, for every group of blocks.
#include <algorithm>
#include <utility>

#include "workers/operators/partition.h"
#include "workers/operators/stages/digit_mixer.h"
#include "workers/operators/stages/factor_switch.h"

namespace basisbench {
namespace {

FactorCut Cut(int64_t n, const std::vector<Digit>& digits) {
  std::vector<int64_t> sizes;
  for (const Digit& digit : digits) sizes.push_back(digit.size);
  return CutFactors(n, digits.front().block, sizes);
}

class DigitMixerSwitch : public FactorSwitch {
 public:
  DigitMixerSwitch(int64_t n, std::vector<Digit> digits)
      : FactorSwitch(Cut(n, digits)), n_(n), digits_(std::move(digits)) {}

  std::vector<HeldWeight> Weights(const SwitchParts& parts) const override;
  int64_t StepScratch(Step step, const SwitchParts& parts, bool backward) const override {
    return DigitScratch(OwnElements(step, parts), Count(step), backward);
  }
  std::unique_ptr<TileKernel> MakeStep(Step step, Dtype dtype, Device& device,
                                       const SwitchParts& parts,
                                       const LocalOperands& all_weights) const override;

 private:
  int64_t Count(Step step) const {
    const auto all = static_cast<int64_t>(digits_.size());
    return step == Step::kFirst ? cut().factors : all - cut().factors;
  }
  bool IsFirst(size_t factor) const { return static_cast<int64_t>(factor) < cut().factors; }

  const int64_t n_;
  const std::vector<Digit> digits_;
};

// Rows (outer, inner, to).
std::vector<HeldWeight> DigitMixerSwitch::Weights(const SwitchParts& parts) const {
  std::vector<HeldWeight> weights;
  for (size_t factor = 0; factor < digits_.size(); ++factor) {
    const Digit& d = digits_[factor];
    const int64_t side = d.size * d.block;
    HeldWeight held{.shared = false, .rows = {}, .cols = IndicesOf({0, side})};
    if (IsFirst(factor)) {
      held.rows = Inputs(parts.own_in());  // as many as elements, block by block
    } else {
      for (int64_t group = 0; group < d.outer * d.inner / cut().places; ++group) {
        const Piece& own = parts.own_out();
        for (const int64_t row :
             IndicesOf({(group * cut().places + own.offset) * side, own.count * side}))
          held.rows.push_back(row);
      }
    }
    weights.push_back(std::move(held));
  }
  return weights;
}

std::unique_ptr<TileKernel> DigitMixerSwitch::MakeStep(Step step, Dtype dtype, Device& device,
                                                       const SwitchParts& parts,
                                                       const LocalOperands& all_weights) const {
  std::vector<Digit> digits;
  LocalOperands weights;
  for (size_t factor = 0; factor < digits_.size(); ++factor) {
    if (IsFirst(factor) != (step == Step::kFirst)) continue;
    Digit digit = digits_[factor];
    if (step == Step::kFirst) {
      digit.outer = digit.outer / cut().blocks * parts.own_in().count;
    } else {
      digit.inner = digit.inner / cut().places * parts.own_out().count;
    }
    digits.push_back(digit);
    weights.weights.push_back(all_weights.weights[factor]);
    weights.gradients.push_back(all_weights.gradients[factor]);
  }
  if (digits.empty()) return nullptr;
  return MakeDigitKernel(OwnElements(step, parts), digits, dtype, device, weights);
}

}  // namespace

DigitMixer::DigitMixer(OperatorDescription description) : TiledMixer(std::move(description)) {
  Add(SwitchSharding(*this, [this](const Problem& problem) {
    return std::make_unique<DigitMixerSwitch>(InputLength(problem), Digits(problem));
  }));
}

// The first step once more: what it makes is not kept while the other is at work.
double DigitMixer::BackwardFlopsPerVector(const Problem& problem) const {
  const std::vector<Digit> digits = Digits(problem);
  const int64_t n = InputLength(problem);
  const double all = 3 * FlopsPerVector(problem) - FactorFlops(digits.back(), n);
  if (problem.sharding != "all_to_all" || problem.ranks == 1) return all;
  const auto first = static_cast<size_t>(Cut(n, digits).factors);
  double again = 0;
  for (size_t factor = 0; factor < first; ++factor) again += FactorFlops(digits[factor], n);
  // Of two steps, neither makes what its last factor gives once more.
  return all + again - (first < digits.size() ? FactorFlops(digits[first - 1], n) : 0);
}

}  // namespace basisbench
