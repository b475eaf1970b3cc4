// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_model.h"

#include <set>

#include "services/cli/prediction_nnls.h"

namespace basisbench {
namespace {

// Which column of the least-squares problem is which parameter: two by kernel, then two by level.
class Columns {
 public:
  explicit Columns(absl::Span<const Observation> observations) {
    for (const Observation& observation : observations) {
      kernels_.try_emplace(observation.load.kernel, 0);
      if (observation.load.Communicates()) links_.try_emplace(observation.load.level, 0);
    }
    for (auto& [kernel, column] : kernels_) column = 2 * count_++;
    for (auto& [level, column] : links_) column = 2 * count_++;
  }

  size_t size() const { return 2 * count_; }

  // Every row says that its modelled time over its measured time is 1.
  std::vector<double> Row(const Observation& observation) const {
    const RankLoad& load = observation.load;
    std::vector<double> row(size(), 0.0);
    const size_t kernel = kernels_.at(load.kernel);
    row[kernel] = load.flops / observation.seconds;
    row[kernel + 1] = load.memory_seconds / observation.seconds;
    if (!load.Communicates()) return row;
    const size_t link = links_.at(load.level);
    row[link] = load.messages / observation.seconds;
    row[link + 1] = load.wire_bytes / observation.seconds;
    return row;
  }

  CostModel Read(const std::vector<double>& x) const {
    CostModel model;
    for (const auto& [kernel, column] : kernels_) {
      model.kernels[kernel] = {.seconds_per_flop = x[column], .memory_factor = x[column + 1]};
    }
    for (const auto& [level, column] : links_) {
      model.links[level] = {.seconds_per_message = x[column], .seconds_per_byte = x[column + 1]};
    }
    return model;
  }

 private:
  std::map<std::string, size_t> kernels_;
  std::map<Level, size_t> links_;
  size_t count_ = 0;
};

NormalEquations Assemble(const Columns& columns, absl::Span<const Observation> observations) {
  NormalEquations equations(columns.size());
  for (const Observation& observation : observations) {
    equations.Add(columns.Row(observation), 1, 1);
  }
  return equations;
}

// Drops what no observation with another key supports, so that nothing is predicted with a
// parameter that was fitted to nothing.
void DropUnsupported(absl::Span<const Observation> observations, const std::string& key,
                     CostModel* model) {
  std::set<std::string> kernels;
  std::set<Level> links;
  for (const Observation& observation : observations) {
    if (observation.key == key) continue;
    kernels.insert(observation.load.kernel);
    if (observation.load.Communicates()) links.insert(observation.load.level);
  }
  std::erase_if(model->kernels, [&](const auto& entry) { return !kernels.contains(entry.first); });
  std::erase_if(model->links, [&](const auto& entry) { return !links.contains(entry.first); });
}

}  // namespace

std::string LevelName(Level level) {
  switch (level) {
    case Level::kWorker:
      return "one worker";
    case Level::kHost:
      return "several workers of one host";
    case Level::kNetwork:
      break;
  }
  return "several hosts";
}

std::optional<TimeTerms> Evaluate(const CostModel& model, const RankLoad& load,
                                  const std::optional<LinkCost>& given) {
  const auto kernel = model.kernels.find(load.kernel);
  if (kernel == model.kernels.end()) return std::nullopt;
  TimeTerms terms{.compute = kernel->second.seconds_per_flop * load.flops,
                  .memory = kernel->second.memory_factor * load.memory_seconds};
  if (!load.Communicates()) return terms;
  const auto fitted = model.links.find(load.level);
  if (!given && fitted == model.links.end()) return std::nullopt;
  const LinkCost& link = given ? *given : fitted->second;
  terms.latency = link.seconds_per_message * load.messages;
  terms.transfer = link.seconds_per_byte * load.wire_bytes;
  return terms;
}

CostModel FitModel(absl::Span<const Observation> observations) {
  const Columns columns(observations);
  return columns.Read(SolveNonNegative(Assemble(columns, observations)));
}

std::vector<std::optional<double>> LeaveOneOut(absl::Span<const Observation> observations) {
  const Columns columns(observations);
  const NormalEquations all = Assemble(columns, observations);
  std::map<std::string, std::vector<size_t>> by_key;
  for (size_t i = 0; i < observations.size(); ++i) by_key[observations[i].key].push_back(i);
  std::vector<std::optional<double>> predicted(observations.size());
  for (const auto& [key, members] : by_key) {
    NormalEquations others = all;
    for (const size_t i : members) others.Add(columns.Row(observations[i]), 1, -1);
    CostModel model = columns.Read(SolveNonNegative(others));
    DropUnsupported(observations, key, &model);
    for (const size_t i : members) {
      const auto terms = Evaluate(model, observations[i].load);
      if (terms && terms->Total() > 0) predicted[i] = terms->Total();
    }
  }
  return predicted;
}

}  // namespace basisbench
