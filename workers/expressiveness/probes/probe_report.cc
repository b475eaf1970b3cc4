// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/probes/probe_report.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "services/base/status_macros.h"
#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/probes/class_projection.h"
#include "workers/expressiveness/text_table.h"

namespace basisbench {
namespace {

constexpr int64_t kKeyWidth = 64;
constexpr int64_t kPairs[] = {4, 8, 16, 32, 64, 128, 256};
constexpr int64_t kLongestRecurrence = 256;
// Singular values below this share of the target's norm are rounding.
constexpr double kRankTolerance = 1e-10;

constexpr std::pair<RecallMixer, const char*> kRecallMixers[] = {
    {RecallMixer::kSoftmax, "softmax_attention"},
    {RecallMixer::kLinear, "linear_attention"},
    {RecallMixer::kLeastSquares, "delta_rule"},
    {RecallMixer::kFixedGap, "long_conv"}};

using Measure = std::function<absl::StatusOr<double>(const Matrix<double>&)>;

absl::StatusOr<ClassProbe> ProbeClass(std::string mixer, std::string measure,
                                      absl::Span<const Target> targets, const Measure& value) {
  ClassProbe probe{.mixer = std::move(mixer), .measure = std::move(measure)};
  for (const Target& target : targets) {
    const auto* matrix = std::get_if<Matrix<double>>(&target.matrix);
    if (matrix == nullptr) continue;
    probe.n = target.n;
    probe.targets.push_back(target.name);
    BB_ASSIGN_OR_RETURN(const double measured, value(*matrix));
    probe.values.push_back(measured);
  }
  return probe;
}

absl::StatusOr<double> StochasticShare(const Matrix<double>& target) {
  return CapturedEnergy(target, ClosestRowStochastic(target));
}

absl::StatusOr<double> StateNeeded(const Matrix<double>& target) {
  BB_ASSIGN_OR_RETURN(const int64_t rank, HankelRank(target, kRankTolerance));
  return static_cast<double>(rank);
}

bool IsCaptured(const ClassProbe& probe) { return probe.measure == "captured energy"; }

std::vector<Cells> ClassLines(absl::Span<const ClassProbe> classes) {
  std::vector<Cells> lines = {{"mixer", "measure", "n"}};
  if (!classes.empty()) {
    lines[0].insert(lines[0].end(), classes[0].targets.begin(), classes[0].targets.end());
  }
  for (const ClassProbe& probe : classes) {
    Cells line = {probe.mixer, probe.measure, absl::StrCat(probe.n)};
    for (const double value : probe.values) {
      line.push_back(IsCaptured(probe) ? absl::StrFormat("%.5f", value)
                                       : absl::StrFormat("%.0f", value));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<Cells> RecallLines(absl::Span<const RecallProbe> recall) {
  std::vector<Cells> lines = {{"mixer", "key width", "pairs", "accuracy", "error^2"}};
  for (const RecallProbe& probe : recall) {
    for (size_t i = 0; i < probe.mixers.size(); ++i) {
      lines.push_back({probe.mixers[i], absl::StrCat(probe.task.width),
                       absl::StrCat(probe.task.pairs),
                       absl::StrFormat("%.3f", probe.recalls[i].accuracy),
                       absl::StrFormat("%.4f", probe.recalls[i].squared_error)});
    }
  }
  return lines;
}

std::string PrintJson(absl::Span<const ClassProbe> classes, absl::Span<const RecallProbe> recall) {
  nlohmann::json out = {{"classes", nlohmann::json::array()}, {"recall", nlohmann::json::array()}};
  for (const ClassProbe& probe : classes) {
    nlohmann::json values = nlohmann::json::object();
    for (size_t i = 0; i < probe.targets.size(); ++i) values[probe.targets[i]] = probe.values[i];
    out["classes"].push_back(
        {{"mixer", probe.mixer}, {"measure", probe.measure}, {"n", probe.n}, {"values", values}});
  }
  for (const RecallProbe& probe : recall) {
    for (size_t i = 0; i < probe.mixers.size(); ++i) {
      out["recall"].push_back({{"mixer", probe.mixers[i]},
                               {"key_width", probe.task.width},
                               {"pairs", probe.task.pairs},
                               {"classes", probe.task.classes},
                               {"accuracy", probe.recalls[i].accuracy},
                               {"squared_error", probe.recalls[i].squared_error}});
    }
  }
  return out.dump(2) + "\n";
}

}  // namespace

absl::StatusOr<std::vector<ClassProbe>> ProbeClasses(absl::Span<const Target> targets) {
  std::vector<ClassProbe> probes;
  if (targets.empty()) return probes;
  const int64_t n = targets.front().n;
  BB_ASSIGN_OR_RETURN(ClassProbe softmax,
                      ProbeClass("softmax_attention", "captured energy", targets, StochasticShare));
  probes.push_back(std::move(softmax));
  for (const int64_t width : {n / 16, n / 4}) {
    if (width < 1) continue;
    const auto share = [width](const Matrix<double>& target) -> absl::StatusOr<double> {
      BB_ASSIGN_OR_RETURN(const Matrix<double> closest, ClosestOfRank(target, width));
      return CapturedEnergy(target, closest);
    };
    BB_ASSIGN_OR_RETURN(ClassProbe linear,
                        ProbeClass(absl::StrCat("linear_attention{d_k=", width, "}"),
                                   "captured energy", targets, share));
    probes.push_back(std::move(linear));
  }
  if (n <= kLongestRecurrence) {
    BB_ASSIGN_OR_RETURN(ClassProbe ssm, ProbeClass("ssm", "state", targets, StateNeeded));
    probes.push_back(std::move(ssm));
  }
  return probes;
}

absl::StatusOr<std::vector<RecallProbe>> ProbeRecall() {
  std::vector<RecallProbe> probes;
  for (const int64_t pairs : kPairs) {
    RecallProbe probe;
    probe.task.width = kKeyWidth;
    probe.task.pairs = pairs;
    for (const auto& [mixer, name] : kRecallMixers) {
      BB_ASSIGN_OR_RETURN(const Recall recall, MeasureRecall(mixer, probe.task));
      probe.mixers.emplace_back(name);
      probe.recalls.push_back(recall);
    }
    probes.push_back(std::move(probe));
  }
  return probes;
}

std::string PrintProbes(absl::Span<const ClassProbe> classes, absl::Span<const RecallProbe> recall,
                        ReportFormat format) {
  if (format == ReportFormat::kJson) return PrintJson(classes, recall);
  const std::vector<Cells> of_classes = ClassLines(classes), of_recall = RecallLines(recall);
  if (format == ReportFormat::kCsv)
    return absl::StrCat(PrintCsv(of_classes), "\n", PrintCsv(of_recall));
  return absl::StrCat(AlignTable(of_classes, 2), "\n", AlignTable(of_recall, 1));
}

}  // namespace basisbench
