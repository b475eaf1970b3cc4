// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/scores.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/runner/control.h"

namespace basisbench {
namespace {

// Sizes of the score. Small enough for every fit to take less than a second.
constexpr int64_t kSizes[] = {64, 256};

// Parameters that the operator would not have chosen for this shape itself.
std::map<std::string, std::string> ChosenParameters(const Operator& op, const Problem& problem) {
  Problem bare = problem;
  bare.parameters.clear();
  const absl::StatusOr<Problem> own = op.Resolve(bare);
  std::map<std::string, std::string> chosen;
  for (const auto& [name, value] : problem.parameters) {
    if (own.ok()) {
      const auto found = own->parameters.find(name);
      if (found != own->parameters.end() && found->second == value) continue;
    }
    chosen[name] = value;
  }
  return chosen;
}

std::string KeyOf(const Operator& op, const Problem& problem) {
  std::string key = op.description().name;
  for (const auto& [name, value] : ChosenParameters(op, problem))
    absl::StrAppend(&key, "\n", name, "=", value);
  return key;
}

// The rank's share of the targets; zeros elsewhere.
absl::StatusOr<std::vector<double>> FitOwn(const FamilyInfo& family, int64_t n, int rank,
                                           int ranks) {
  const std::vector<std::string> names = TargetNames();
  std::vector<double> captured(names.size(), 0.0);
  const auto first = static_cast<size_t>(rank);
  for (size_t i = first; i < names.size(); i += static_cast<size_t>(ranks)) {
    if (i != first && family.same_for_every_target) {
      captured[i] = captured[first];
      continue;
    }
    BB_ASSIGN_OR_RETURN(const Target target, MakeTarget(names[i], n));
    BB_ASSIGN_OR_RETURN(const TargetFit fit, FitTarget(family, target, /*canon=*/false));
    captured[i] = fit.captured;
  }
  return captured;
}

// Every rank has all fits afterwards; the inner status is of the fits, the outer of the
// communicator.
absl::StatusOr<absl::StatusOr<Score>> FitTogether(Communicator& world, const FamilyInfo& family,
                                                  int64_t n) {
  const std::vector<std::string> names = TargetNames();
  auto own = FitOwn(family, n, world.rank(), world.size());
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(world, own.status()));
  if (!agreed.verdict.ok()) return absl::StatusOr<Score>(agreed.verdict);
  BB_ASSIGN_OR_RETURN(const std::vector<double> all, GatherDoubles(world, *own));
  std::vector<TargetFit> fits;
  for (size_t i = 0; i < names.size(); ++i) {
    const size_t rank = i % static_cast<size_t>(world.size());
    fits.push_back({.target = names[i], .captured = all[rank * names.size() + i]});
  }
  return absl::StatusOr<Score>(Summarise(family, std::move(fits)));
}

}  // namespace

absl::StatusOr<FamilyInfo> FamilyOf(const Operator& op, const Problem& problem, int64_t n) {
  return ResolveFamily(op.description().name, ChosenParameters(op, problem), n);
}

v1::ExpressivenessScore ScoreMessage(const Score& score) {
  v1::ExpressivenessScore message;
  const FamilyInfo& family = score.family;
  message.set_n(family.request.n);
  message.set_family(family.text);
  message.set_method(family.method);
  message.set_parameters(family.parameters);
  if (family.degrees_of_freedom.has_value())
    message.set_degrees_of_freedom(*family.degrees_of_freedom);
  message.set_flops_fraction(family.flops_fraction);
  for (const TargetFit& fit : score.targets) {
    v1::TargetScore& target = *message.add_targets();
    target.set_target(fit.target);
    target.set_captured(fit.captured);
    if (fit.captured_canon.has_value()) target.set_captured_canon(*fit.captured_canon);
    target.set_canon_orders(fit.canon_orders);
  }
  message.set_mean(score.mean.value_or(0));
  message.set_arbitrary(score.arbitrary.value_or(0));
  message.set_fast(score.fast.value_or(0));
  if (score.gain_per_parameter.has_value())
    message.set_gain_per_parameter(*score.gain_per_parameter);
  if (score.gain_per_flop.has_value()) message.set_gain_per_flop(*score.gain_per_flop);
  return message;
}

absl::Status Scores::Add(Communicator& world, const Operator& op, const Problem& problem) {
  const auto [entry, is_new] = entries_.try_emplace(KeyOf(op, problem));
  if (!is_new) return absl::OkStatus();
  for (const int64_t n : kSizes) {
    const absl::StatusOr<FamilyInfo> family = FamilyOf(op, problem, n);
    if (!family.ok()) {
      entry->second.note = std::string(family.status().message());
      continue;
    }
    BB_ASSIGN_OR_RETURN(const absl::StatusOr<Score> score, FitTogether(world, *family, n));
    if (score.ok()) {
      entry->second.scores.push_back(ScoreMessage(*score));
    } else {
      entry->second.note = std::string(score.status().message());
    }
  }
  return absl::OkStatus();
}

void Scores::Fill(const Operator& op, const Problem& problem, v1::CaseResult* record) const {
  const auto entry = entries_.find(KeyOf(op, problem));
  if (entry == entries_.end()) return;
  v1::Measured& captured = *record->mutable_expressiveness();
  if (entry->second.scores.empty()) {
    captured.set_note(entry->second.note);
    return;
  }
  for (const v1::ExpressivenessScore& score : entry->second.scores) *record->add_scores() = score;
  const v1::ExpressivenessScore& largest = entry->second.scores.back();
  captured.set_value(largest.arbitrary());
  captured.set_note(
      absl::StrCat(largest.family(), " at n = ", largest.n(), ", ", largest.method()));
}

}  // namespace basisbench
