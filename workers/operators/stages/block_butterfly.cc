// SPDX-License-Identifier: Apache-2.0
// Butterfly matrices over blocks: n = block 2^L, and in place of each number of a 2 x 2 block of
// the butterfly a matrix of block x block.
//   FLOPs 4 N n block L, parameters 2 n block L, L = lg(n / block).
#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"
#include "workers/operators/stages/block_count.h"
#include "workers/operators/stages/digit_mixer.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "block_butterfly";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y = B_L ... B_1 X, B_l: 2 x 2 blocks of block x block matrices";
  description.source = "Dao et al., Pixelated butterfly, ICLR 2022";
  description.flops_formula = "4 N n block lg(n / block)";
  description.parameters = {BlockParameter(), AxisParameter()};
  return description;
}

class BlockButterfly : public DigitMixer {
 public:
  BlockButterfly() : DigitMixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    BB_RETURN_IF_ERROR(RequireSquare(problem));
    return ResolveBlock(problem, InputLength(problem));
  }

  std::vector<Digit> Digits(const Problem& problem) const override {
    const int64_t block = IntegerParameter(problem, "block");
    const int64_t blocks = InputLength(problem) / block;
    std::vector<Digit> digits;
    for (int64_t inner = 1; inner < blocks; inner *= 2)
      digits.push_back({.outer = blocks / (2 * inner), .size = 2, .inner = inner, .block = block});
    return digits;
  }
};

const RegisterOperator kRegister(std::make_unique<BlockButterfly>());

}  // namespace
}  // namespace basisbench
