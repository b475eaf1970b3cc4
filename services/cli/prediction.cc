// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

constexpr double kWantedCoverage = 0.95;
// A rank with this many times less work than any measured one is beyond what was seen.
constexpr double kMuchLess = 2;

double Median(std::vector<double> sorted) {
  const size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// `ratios` in any order, at least one.
HeldOut Summarise(std::vector<double> ratios) {
  std::sort(ratios.begin(), ratios.end());
  std::vector<double> errors;
  for (const double ratio : ratios) errors.push_back(std::abs(1 / ratio - 1));
  std::sort(errors.begin(), errors.end());
  return {
      .ratios = std::move(ratios), .median_error = Median(errors), .largest_error = errors.back()};
}

std::map<std::string, HeldOut> ByKernel(absl::Span<const Observation> observations,
                                        const std::vector<std::optional<double>>& predicted) {
  std::map<std::string, std::vector<double>> ratios;
  for (size_t i = 0; i < observations.size(); ++i) {
    if (!predicted[i]) continue;
    ratios[observations[i].load.kernel].push_back(observations[i].seconds / *predicted[i]);
  }
  std::map<std::string, HeldOut> summaries;
  for (auto& [kernel, values] : ratios) summaries[kernel] = Summarise(std::move(values));
  return summaries;
}

size_t CasesOf(absl::Span<const Observation> observations, const std::string& kernel) {
  std::set<std::string> keys;
  for (const Observation& observation : observations) {
    if (observation.load.kernel == kernel) keys.insert(observation.key);
  }
  return keys.size();
}

// The bytes per message of the distinct cases that communicate at a level, ascending.
std::vector<double> MessageSizes(absl::Span<const Observation> observations, Level level) {
  std::map<std::string, double> sizes;
  for (const Observation& observation : observations) {
    const RankLoad& load = observation.load;
    if (load.level == level && load.messages > 0) {
      sizes[observation.key] = load.wire_bytes / load.messages;
    }
  }
  std::vector<double> sorted;
  for (const auto& [key, size] : sizes) sorted.push_back(size);
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::string LevelsSeen(absl::Span<const Observation> observations) {
  std::set<Level> levels;
  for (const Observation& observation : observations) levels.insert(observation.load.level);
  return absl::StrJoin(levels, " and ", [](std::string* out, const Level level) {
    absl::StrAppend(out, LevelName(level));
  });
}

bool TellsLinkApart(const std::vector<double>& sizes) {
  return sizes.size() >= kLeastLinkCases && sizes.back() >= kLeastMessageSpread * sizes.front();
}

std::map<std::string, HeldOut> PredictLargestRanks(absl::Span<const Observation> observations,
                                                   uint32_t most) {
  std::vector<Observation> smaller, largest;
  for (const Observation& observation : observations) {
    (observation.load.ranks < most ? smaller : largest).push_back(observation);
  }
  const CostModel model = FitModel(smaller);
  std::vector<std::optional<double>> predicted;
  for (const Observation& observation : largest) {
    const RankLoad& load = observation.load;
    const bool known = CasesOf(smaller, load.kernel) >= kLeastKernelCases &&
                       (!load.Communicates() || TellsLinkApart(MessageSizes(smaller, load.level)));
    const auto terms = known ? Evaluate(model, load) : std::nullopt;
    const bool positive = terms && terms->Total() > 0;
    predicted.push_back(positive ? std::optional(terms->Total()) : std::nullopt);
  }
  return ByKernel(largest, predicted);
}

// How many of `count` ratios can be dropped from either end, less one.
size_t Trimmed(size_t count) {
  const double allowed = (1 - kWantedCoverage) * (static_cast<double>(count) + 1) / 2;
  return allowed < 1 ? 0 : static_cast<size_t>(allowed) - 1;
}

void SetInterval(Prediction* prediction) {
  const std::vector<double>& ratios = prediction->leave_one_out.ratios;
  const size_t trimmed = Trimmed(ratios.size());
  double low = ratios[trimmed], high = ratios[ratios.size() - 1 - trimmed];
  prediction->coverage =
      1 - 2 * static_cast<double>(trimmed + 1) / (static_cast<double>(ratios.size()) + 1);
  if (prediction->largest_ranks) {
    low = std::min(low, prediction->largest_ranks->ratios.front());
    high = std::max(high, prediction->largest_ranks->ratios.back());
  }
  prediction->low = prediction->seconds * low;
  prediction->high = prediction->seconds * high;
}

}  // namespace

PredictionFit::PredictionFit(std::vector<Observation> observations)
    : observations_(std::move(observations)), model_(FitModel(observations_)) {
  for (const Observation& observation : observations_) {
    most_ranks_ = std::max(most_ranks_, observation.load.ranks);
  }
  leave_one_out_ = ByKernel(observations_, LeaveOneOut(observations_));
  largest_ranks_ = PredictLargestRanks(observations_, most_ranks_);
}

absl::Status PredictionFit::CheckKernel(const RankLoad& load) const {
  const size_t cases = CasesOf(observations_, load.kernel);
  const bool judged = leave_one_out_.contains(load.kernel);
  if (cases >= kLeastKernelCases && judged) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the fit has ", cases, " distinct cases of ",
                                                    load.kernel, " and needs ", kLeastKernelCases,
                                                    "; measure more shapes or world sizes of it"));
}

absl::Status PredictionFit::CheckLink(const RankLoad& load) const {
  const std::vector<double> sizes = MessageSizes(observations_, load.level);
  if (TellsLinkApart(sizes)) return absl::OkStatus();
  if (sizes.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the fitted cases ran on ", LevelsSeen(observations_), "; ", load.ranks,
                     " ranks would send messages on ", LevelName(load.level),
                     ", and how fast those travel was never measured; fit a job that sent such "
                     "messages, or give --network latency=...,bandwidth=..."));
  }
  if (sizes.size() < kLeastLinkCases) {
    return absl::FailedPreconditionError(absl::StrCat(
        "only ", sizes.size(), " distinct fitted cases sent messages on ", LevelName(load.level),
        " and ", kLeastLinkCases, " are needed; measure more shapes or world sizes"));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the fitted cases on ", LevelName(load.level), " sent messages of ",
                   HumanBytes(sizes.front()), " to ", HumanBytes(sizes.back()),
                   ", too alike to tell latency from bandwidth; measure other shapes"));
}

absl::StatusOr<Prediction> PredictionFit::Predict(const RankLoad& load,
                                                  const std::optional<LinkCost>& given) const {
  BB_RETURN_IF_ERROR(CheckKernel(load));
  const bool communicates = load.Communicates();
  if (communicates && !given) BB_RETURN_IF_ERROR(CheckLink(load));
  const auto terms = Evaluate(model_, load, given);
  if (!terms || terms->Total() <= 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the fit gives ", load.kernel, " no time at all on ", load.ranks, " ranks"));
  }
  Prediction prediction{.terms = *terms, .seconds = terms->Total()};
  prediction.leave_one_out = leave_one_out_.at(load.kernel);
  if (const auto found = largest_ranks_.find(load.kernel); found != largest_ranks_.end()) {
    prediction.largest_ranks = found->second;
  }
  prediction.communicates = communicates;
  prediction.link_given = communicates && given.has_value();
  SetInterval(&prediction);
  prediction.notes = Notes(load, prediction);
  return prediction;
}

std::vector<std::string> PredictionFit::Notes(const RankLoad& load,
                                              const Prediction& prediction) const {
  std::vector<std::string> notes;
  if (load.messages > 0 && !prediction.link_given && prediction.terms.latency == 0) {
    notes.push_back("the fit saw no latency, so many small messages are underrated");
  }
  if (load.wire_bytes > 0 && !prediction.link_given && prediction.terms.transfer == 0) {
    notes.push_back("the fit saw no cost of bytes, so large messages are underrated");
  }
  double least = 0;
  for (const Observation& observation : observations_) {
    const RankLoad& seen = observation.load;
    if (seen.kernel == load.kernel && (least == 0 || seen.flops < least)) least = seen.flops;
  }
  if (load.flops > 0 && least > kMuchLess * load.flops) {
    notes.push_back(absl::StrFormat(
        "%.3g times less work per rank than any fitted case, where fixed costs may lead",
        least / load.flops));
  }
  return notes;
}

}  // namespace basisbench
