// SPDX-License-Identifier: Apache-2.0
// A product of factors, each of which mixes one digit of the index, as a map in two steps: the
// factors of the faster digits work within blocks of consecutive elements, the others within places
// that all blocks have. X is cut by blocks, Y by places. Either step is a smaller map of the same
// kind, whose kernel does the work; what is here brings z where it belongs.
#pragma once

#include <memory>
#include <vector>

#include "workers/operators/mixer/digit_switch.h"

namespace basisbench {

// n = blocks x places x width: a place is `width` consecutive elements.
struct FactorCut {
  int64_t factors = 0;  // of the first step
  int64_t blocks = 1, places = 1, width = 1;
};

// After as few factors, of sizes[0], sizes[1], ... digits, as make no fewer places than blocks; n =
// width times their product.
FactorCut CutFactors(int64_t n, int64_t width, const std::vector<int64_t>& sizes);

class FactorSwitch : public DigitSwitch {
 public:
  explicit FactorSwitch(const FactorCut& cut) : cut_(cut) {}

  enum class Step { kFirst, kSecond };
  // What is left to say: a step's factors on the own blocks, or places, in the order [blocks]
  // [places][width] of elements. The kernel is null where there are none.
  virtual int64_t StepScratch(Step step, const SwitchParts& parts, bool backward) const = 0;
  virtual std::unique_ptr<TileKernel> MakeStep(Step step, Dtype dtype, Device& device,
                                               const SwitchParts& parts,
                                               const LocalOperands& all_weights) const = 0;

  // Own elements of a vector.
  int64_t OwnElements(Step step, const SwitchParts& parts) const {
    return step == Step::kFirst ? parts.own_in().count * cut_.places * cut_.width
                                : parts.own_out().count * cut_.blocks * cut_.width;
  }
  const FactorCut& cut() const { return cut_; }

  int64_t InputDigits() const override { return cut_.blocks; }
  int64_t OutputDigits() const override { return cut_.places; }
  int64_t Depth() const override { return cut_.width; }
  std::vector<int64_t> Inputs(const Piece& digits) const override;
  std::vector<int64_t> Outputs(const Piece& digits) const override;
  int64_t ScratchPerVector(const SwitchParts& parts, bool backward) const override;
  std::unique_ptr<SwitchKernel> MakeKernel(Dtype dtype, Device& device, const SwitchParts& parts,
                                           std::vector<const void*> weights,
                                           std::vector<void*> gradients) const override;
  // Steps of factors in general position are one-to-one: nothing of z is lost.
  int64_t RankBetween(int64_t in, int64_t out) const override { return in * out * cut_.width; }

 private:
  const FactorCut cut_;
};

}  // namespace basisbench
