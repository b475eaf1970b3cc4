// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/heads/head_mixer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/heads/head_layout.h"
#include "workers/operators/parameters.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

// Models choose heads of 64 to 128 columns at 1024 to 4096 of them: near twice the square root.
int64_t NaturalHeads(const Problem& problem) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const double wanted = 2 * std::sqrt(static_cast<double>(d_in));
  const int64_t common = std::gcd(d_in, d_out);
  int64_t best = 1;
  for (int64_t heads = 1; heads <= common; ++heads) {
    const auto distance = [&](int64_t h) {
      return std::fabs(static_cast<double>(d_in) / static_cast<double>(h) - wanted);
    };
    if (common % heads == 0 && distance(heads) < distance(best)) best = heads;
  }
  return best;
}

bool IsOwn(const std::vector<Sharding>& own, const Problem& problem) {
  return !own.empty() && problem.sharding == own.front().name;
}

}  // namespace

HeadMixer::HeadMixer(OperatorDescription description, std::vector<Sharding> token)
    : description_(std::move(description)), own_(std::move(token)) {
  description_.shardings = NamesOf(own_);
  for (const char* common : {"column", "all_to_all"}) description_.shardings.push_back(common);
  description_.dtypes = EveryDtype();
  description_.directions = {"forward", "backward"};
  description_.parameters.insert(
      description_.parameters.begin(),
      {"heads", "groups of columns; the default makes them near 2 sqrt(K) wide", "", 1, 1 << 20});
}

int64_t HeadMixer::Heads(const Problem& problem) { return IntegerParameter(problem, "heads"); }

int64_t HeadMixer::OutputWidth(const Problem& problem) {
  return problem.shape.d_out / Heads(problem);
}

int64_t HeadMixer::GroupSize(const Problem& problem) const {
  int64_t most = 1;
  for (const HeadTensor& input : Inputs(problem)) most = std::max(most, input.shared);
  return most;
}

absl::StatusOr<Problem> HeadMixer::Resolve(const Problem& problem) const {
  BB_ASSIGN_OR_RETURN(Problem resolved, ResolveAgainst(description_, problem));
  BB_RETURN_IF_ERROR(RefuseGrid(resolved));
  DefaultParameter(resolved, "heads", NaturalHeads(resolved));
  const auto [tokens, d_in, d_out] = resolved.shape;
  const int64_t heads = Heads(resolved);
  if (d_in % heads != 0 || d_out % heads != 0) {
    return absl::InvalidArgumentError(absl::StrCat(description_.name, ": heads = ", heads,
                                                   " must divide d_in = ", d_in,
                                                   " and d_out = ", d_out));
  }
  BB_RETURN_IF_ERROR(ResolveHeads(resolved));
  return resolved;
}

std::vector<TensorShape> HeadMixer::Tensors(const Problem& problem) const {
  std::vector<TensorShape> tensors;
  for (const HeadTensor& input : Inputs(problem))
    tensors.push_back(
        {input.name, problem.shape.tokens, Heads(problem) / input.shared * input.width});
  return tensors;
}

OperatorCost HeadMixer::Cost(const Problem& problem) const {
  const auto [tokens, d_in, d_out] = problem.shape;
  const bool backward = problem.direction == "backward";
  OperatorCost cost;
  cost.flops_executed = static_cast<double>(Heads(problem)) * FlopsPerHead(problem);
  // As one dense matrix of tokens for all channels would cost.
  cost.flops_effective = 2.0 * static_cast<double>(tokens) * static_cast<double>(tokens) *
                         static_cast<double>(d_out) * (backward ? 2 : 1);
  const int64_t groups = Heads(problem) / GroupSize(problem);
  double columns = 0;
  for (const HeadActivation& activation : HeadActivations(*this, problem))
    columns += static_cast<double>(groups * activation.width);
  cost.bytes_min =
      static_cast<double>(DtypeSize(problem.dtype)) * static_cast<double>(tokens) * columns;
  const auto of_rank = [this](const Problem& of, int rank) {
    return HeadRankCost(*this, of, rank);
  };
  DeclareRanks(IsOwn(own_, problem) ? own_.front() : Sharding{problem.sharding, nullptr, of_rank},
               problem, cost);
  return cost;
}

double HeadMixer::OperandScale(const Problem& problem, absl::string_view tensor) const {
  for (const HeadTensor& input : Inputs(problem)) {
    if (input.name == tensor) return input.scale;
  }
  return 1.0;
}

absl::StatusOr<std::unique_ptr<Plan>> HeadMixer::MakePlan(const Problem& problem, Device& device,
                                                          Communicator& communicator) const {
  if (IsOwn(own_, problem)) return own_.front().make_plan(problem, device, communicator);
  return MakeHeadPlan(*this, problem, device, communicator);
}

}  // namespace basisbench
