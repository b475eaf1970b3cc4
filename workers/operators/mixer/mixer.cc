// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/mixer.h"

#include <algorithm>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/mixer_layout.h"
#include "workers/operators/resolve.h"

namespace basisbench {

Mixer::Mixer(OperatorDescription description, std::vector<Sharding> own)
    : description_(std::move(description)), own_(std::move(own)) {
  description_.shardings = {"token", "column"};
  for (const Sharding& sharding : own_) description_.shardings.push_back(sharding.name);
  description_.dtypes = EveryDtype();
  description_.directions = {"forward", "backward"};
}

void Mixer::Add(Sharding sharding) {
  description_.shardings.push_back(sharding.name);
  own_.push_back(std::move(sharding));
}

bool Mixer::MixesTokens(const Problem&) const { return description_.axis == "token"; }

bool Mixer::VariesByChannel(const Problem& problem) const {
  const std::vector<Weight> weights = Weights(problem);
  return std::any_of(weights.begin(), weights.end(),
                     [](const Weight& weight) { return weight.by_channel; });
}

int64_t Mixer::InputLength(const Problem& problem) const {
  return MixesTokens(problem) ? problem.shape.tokens : problem.shape.d_in;
}

int64_t Mixer::OutputLength(const Problem& problem) const {
  return MixesTokens(problem) ? problem.shape.tokens : problem.shape.d_out;
}

int64_t Mixer::Vectors(const Problem& problem) const {
  return MixesTokens(problem) ? problem.shape.d_in : problem.shape.tokens;
}

absl::StatusOr<Problem> Mixer::Resolve(const Problem& problem) const {
  BB_ASSIGN_OR_RETURN(Problem resolved, ResolveAgainst(description_, problem));
  BB_RETURN_IF_ERROR(RefuseGrid(resolved));
  BB_RETURN_IF_ERROR(ResolveMixer(resolved));
  if (MixesTokens(resolved)) BB_RETURN_IF_ERROR(RequireSquare(resolved));
  return resolved;
}

std::vector<TensorShape> Mixer::Tensors(const Problem& problem) const {
  std::vector<TensorShape> tensors = {{"x", problem.shape.tokens, problem.shape.d_in}};
  for (const Weight& weight : Weights(problem))
    tensors.push_back({weight.name, weight.rows, weight.cols});
  return tensors;
}

OperatorCost Mixer::Cost(const Problem& problem) const {
  const auto vectors = static_cast<double>(Vectors(problem));
  const auto in = static_cast<double>(InputLength(problem));
  const auto out = static_cast<double>(OutputLength(problem));
  const bool backward = problem.direction == "backward";
  OperatorCost cost;
  for (const Weight& weight : Weights(problem)) cost.parameters += weight.rows * weight.cols;
  const auto parameters = static_cast<double>(cost.parameters);
  const double gradients = backward && cost.parameters > 0 ? 1 : 0;
  cost.flops_executed =
      vectors * (backward ? BackwardFlopsPerVector(problem) : FlopsPerVector(problem));
  cost.flops_effective = 2 * vectors * in * out * (1 + gradients);
  // Backward reads dY, writes dX, and for the gradients of weights reads X and writes them.
  cost.bytes_min = static_cast<double>(DtypeSize(problem.dtype)) *
                   (vectors * (in + out + gradients * in) + parameters * (1 + gradients));
  const auto own = std::find_if(own_.begin(), own_.end(), [&](const Sharding& sharding) {
    return sharding.name == problem.sharding;
  });
  const auto of_rank = [this](const Problem& of, int rank) {
    return MixerRankCost(*this, of, rank);
  };
  DeclareRanks(own != own_.end() ? *own : Sharding{problem.sharding, nullptr, of_rank}, problem,
               cost);
  return cost;
}

double Mixer::OperandScale(const Problem& problem, absl::string_view tensor) const {
  for (const Weight& weight : Weights(problem)) {
    if (weight.name == tensor) return weight.scale;
  }
  return 1.0;
}

absl::StatusOr<std::unique_ptr<Plan>> Mixer::MakePlan(const Problem& problem, Device& device,
                                                      Communicator& communicator) const {
  for (const Sharding& sharding : own_) {
    if (sharding.name == problem.sharding) return sharding.make_plan(problem, device, communicator);
  }
  return MakeMixerPlan(*this, problem, device, communicator);
}

double Mixer::RoundingGrowth(const Problem& problem) const {
  const double forward = ForwardRoundings(problem);
  if (problem.direction != "backward") return forward;
  // The adjoint, and a sum over the vectors for each gradient of a weight.
  return 2 * forward + (Weights(problem).empty() ? 0.0 : static_cast<double>(Vectors(problem)));
}

}  // namespace basisbench
