// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/chain/chain.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/chain/local_chain.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/fft_cost.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

double FlopsOf(Factor factor, int64_t n) {
  const auto length = static_cast<double>(n);
  switch (factor) {
    case Factor::kDiagonal:
      return length;
    case Factor::kHadamard:
      // With n = 1 there is no stage, only the scaling.
      return length * std::max(1.0, std::log2(length));
    case Factor::kCosine:
    case Factor::kInverseCosine:
      return DctFlops(n);
    case Factor::kPermutation:
      return 0;
  }
  return 0;
}

double RoundingsOf(Factor factor, int64_t n) {
  switch (factor) {
    case Factor::kDiagonal:
      return 1;
    case Factor::kHadamard:
      return 2 + std::log2(static_cast<double>(n));
    case Factor::kCosine:
    case Factor::kInverseCosine:
      return 2 + FftRoundings(n);
    case Factor::kPermutation:
      return 0;
  }
  return 0;
}

}  // namespace

Chain::Chain(OperatorDescription description, std::vector<ChainStep> steps)
    : Mixer(std::move(description)), steps_(std::move(steps)) {}

std::vector<int32_t> Chain::Permutation(const Problem&, int64_t) const { return {}; }

bool Chain::Has(Factor factor) const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [&](const ChainStep& step) { return step.factor == factor; });
}

absl::Status Chain::ResolveMixer(Problem& problem) const {
  BB_RETURN_IF_ERROR(CheckAxis(problem));
  BB_RETURN_IF_ERROR(RequireSquare(problem));
  const int64_t n = InputLength(problem);
  if (!Has(Factor::kHadamard) || std::has_single_bit(static_cast<uint64_t>(n)))
    return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(description().name, ": ",
                                               AlongTokens(problem) ? "tokens" : "d_in",
                                               " must be a power of two, not ", n));
}

bool Chain::MixesTokens(const Problem& problem) const { return AlongTokens(problem); }

std::vector<Weight> Chain::Weights(const Problem& problem) const {
  std::vector<Weight> weights;
  for (const ChainStep& step : steps_) {
    if (step.factor == Factor::kDiagonal)
      weights.push_back({.name = step.weight, .rows = 1, .cols = InputLength(problem)});
  }
  return weights;
}

size_t Chain::Repeated() const {
  size_t last = 0;
  for (size_t i = 0; i < steps_.size(); ++i)
    if (steps_[i].factor == Factor::kDiagonal) last = i;
  return last;
}

size_t Chain::Diagonals() const {
  return static_cast<size_t>(std::count_if(steps_.begin(), steps_.end(), [](const ChainStep& step) {
    return step.factor == Factor::kDiagonal;
  }));
}

double Chain::FlopsPerVector(const Problem& problem) const {
  double flops = 0;
  for (const ChainStep& step : steps_) flops += FlopsOf(step.factor, InputLength(problem));
  return flops;
}

double Chain::BackwardFlopsPerVector(const Problem& problem) const {
  const int64_t n = InputLength(problem);
  double flops = FlopsPerVector(problem) + 2.0 * static_cast<double>(Diagonals()) * n;
  for (size_t i = 0; i < Repeated(); ++i) flops += FlopsOf(steps_[i].factor, n);
  return flops;
}

// Diagonals of normal numbers make some outputs several times as large as most, and what was
// rounded before them too.
double Chain::ForwardRoundings(const Problem& problem) const {
  double roundings = 0;
  for (const ChainStep& step : steps_) roundings += RoundingsOf(step.factor, InputLength(problem));
  return roundings * static_cast<double>(Diagonals());
}

int64_t Chain::Workspace(const Problem& problem, int64_t vectors) const {
  return LocalChainElements(*this, problem, vectors);
}

absl::StatusOr<std::unique_ptr<LocalMixer>> Chain::MakeLocal(const Problem& problem, Device& device,
                                                             const LocalOperands& operands) const {
  return MakeLocalChain(*this, problem, device, operands);
}

}  // namespace basisbench
