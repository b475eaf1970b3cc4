// SPDX-License-Identifier: Apache-2.0
#include "workers/weights/survey.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/lapack.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

Matrix<double> AsMatrix(const WeightMatrix& read, bool transpose) {
  Matrix<double> matrix(transpose ? read.cols : read.rows, transpose ? read.rows : read.cols);
  for (int64_t i = 0; i < read.rows; ++i) {
    for (int64_t j = 0; j < read.cols; ++j)
      (transpose ? matrix(j, i) : matrix(i, j)) = read.values[i * read.cols + j];
  }
  return matrix;
}

std::string Label(const Problem& problem) {
  if (problem.parameters.empty()) return problem.operator_name;
  return absl::StrCat(problem.operator_name, "{",
                      absl::StrJoin(problem.parameters, ",", absl::PairFormatter("=")), "}");
}

// One weight with the root of its inputs' covariance.
struct Subject {
  std::string tensor;
  Matrix<double> weight;
  std::optional<Matrix<double>> root;
  double energy = 0;
};

absl::StatusOr<SurveyRow> Look(const Subject& subject, const ProjectionRequest& request,
                               int64_t tokens) {
  BB_ASSIGN_OR_RETURN(const Operator* op, FindOperator(request.operator_name));
  SurveyRow row{.tensor = subject.tensor,
                .d_in = subject.weight.rows(),
                .d_out = subject.weight.cols(),
                .label = request.operator_name,
                .energy = subject.energy};
  Problem problem;
  problem.operator_name = request.operator_name;
  problem.parameters = request.parameters;
  problem.shape = {tokens, row.d_in, row.d_out};
  const absl::StatusOr<Problem> resolved = op->Resolve(problem);
  if (!resolved.ok()) {
    row.note = std::string(resolved.status().message());
    return row;
  }
  row.label = Label(*resolved);
  row.cost = op->Cost(*resolved);
  const auto projection =
      ProjectWeight({request.operator_name, resolved->parameters}, subject.weight,
                    subject.root.has_value() ? &*subject.root : nullptr);
  if (projection.ok()) {
    row.captured = projection->captured;
  } else if (absl::IsUnimplemented(projection.status())) {
    row.note = std::string(projection.status().message());
  } else {
    return absl::Status(projection.status().code(),
                        absl::StrCat("tensor '", subject.tensor, "', ", row.label, ": ",
                                     projection.status().message()));
  }
  return row;
}

absl::StatusOr<Subject> Load(const WeightSet& weights, const WeightSet* covariances,
                             const std::string& tensor, bool transpose) {
  BB_ASSIGN_OR_RETURN(const WeightMatrix read, weights.Read(tensor));
  Subject subject{.tensor = tensor, .weight = AsMatrix(read, transpose)};
  subject.energy = Energy(subject.weight);
  if (covariances == nullptr) return subject;
  BB_ASSIGN_OR_RETURN(const WeightMatrix covariance, covariances->Read(tensor));
  if (covariance.rows != subject.weight.rows() || covariance.cols != covariance.rows) {
    return absl::InvalidArgumentError(
        absl::StrCat("covariance of '", tensor, "' is ", covariance.rows, " x ", covariance.cols,
                     ", the weight has ", subject.weight.rows(), " inputs"));
  }
  auto root = CovarianceRoot(AsMatrix(covariance, false));
  if (!root.ok()) {
    return absl::Status(root.status().code(),
                        absl::StrCat("covariance of '", tensor, "': ", root.status().message()));
  }
  BB_ASSIGN_OR_RETURN(const Matrix<double> seen, Multiply(*root, subject.weight));
  subject.energy = Energy(seen);
  subject.root = *std::move(root);
  return subject;
}

}  // namespace

absl::StatusOr<Survey> SurveyWeights(const WeightSet& weights, const WeightSet* covariances,
                                     const SurveyOptions& options,
                                     const std::function<void(const std::string&)>& progress) {
  const std::vector<std::string> names = weights.Matching(options.pattern);
  if (names.empty())
    return absl::NotFoundError(absl::StrCat("no tensor matches '", options.pattern, "'"));
  for (const ProjectionRequest& request : options.operators)
    BB_RETURN_IF_ERROR(FindOperator(request.operator_name).status());
  Survey survey;
  for (const std::string& name : names) {
    BB_ASSIGN_OR_RETURN(const TensorEntry entry, weights.Find(name));
    if (entry.shape.size() != 2) {
      survey.skipped.push_back(name);
      continue;
    }
    progress(name);
    BB_ASSIGN_OR_RETURN(const Subject subject,
                        Load(weights, covariances, name, options.stored_out_in));
    for (const ProjectionRequest& request : options.operators) {
      BB_ASSIGN_OR_RETURN(SurveyRow row, Look(subject, request, options.tokens));
      survey.rows.push_back(std::move(row));
    }
  }
  if (survey.rows.empty()) {
    return absl::NotFoundError(absl::StrCat("none of the ", names.size(), " tensors that match '",
                                            options.pattern, "' is a matrix"));
  }
  return survey;
}

absl::StatusOr<std::vector<ProjectionRequest>> ParseRequests(const std::string& text) {
  const auto bad = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat("operators '", text, "': ", what));
  };
  std::vector<std::string> parts;  // at commas outside of braces
  int depth = 0;
  std::string part;
  for (const char c : text + ",") {
    if (c == ',' && depth == 0) {
      parts.push_back(std::exchange(part, ""));
      continue;
    }
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (depth < 0 || depth > 1) return bad("braces do not match");
    part.push_back(c);
  }
  if (depth != 0) return bad("braces do not match");
  std::vector<ProjectionRequest> requests;
  for (const std::string& one : parts) {
    const size_t brace = one.find('{');
    ProjectionRequest request{.operator_name = one.substr(0, brace)};
    if (request.operator_name.empty()) return bad("an operator has no name");
    if (brace != std::string::npos) {
      if (one.back() != '}') return bad(absl::StrCat("'", one, "' goes on after its parameters"));
      const std::string inside = one.substr(brace + 1, one.size() - brace - 2);
      for (const auto setting : absl::StrSplit(inside, ',', absl::SkipEmpty())) {
        const std::vector<std::string> sides = absl::StrSplit(setting, '=');
        if (sides.size() != 2 || sides[0].empty() || sides[1].empty())
          return bad(absl::StrCat("'", setting, "' is not key=value"));
        request.parameters[sides[0]] = sides[1];
      }
    }
    requests.push_back(std::move(request));
  }
  return requests;
}

std::vector<SurveyTotal> Totals(const Survey& survey) {
  struct Sums {
    SurveyTotal total;
    double energy = 0, kept = 0, parameters = 0, flops = 0, dense_parameters = 0, dense_flops = 0;
  };
  std::vector<std::pair<std::string, Sums>> sums;  // in order of appearance
  for (const SurveyRow& row : survey.rows) {
    if (!row.captured.has_value()) continue;
    const std::string name = row.label.substr(0, row.label.find('{'));
    auto found =
        std::find_if(sums.begin(), sums.end(), [&](const auto& one) { return one.first == name; });
    if (found == sums.end()) found = sums.insert(sums.end(), {name, {}});
    Sums& sum = found->second;
    ++sum.total.weights;
    sum.energy += row.energy;
    sum.kept += *row.captured * row.energy;
    sum.parameters += static_cast<double>(row.cost.parameters);
    sum.flops += row.cost.flops_executed;
    sum.dense_parameters += static_cast<double>(row.d_in * row.d_out);
    sum.dense_flops += row.cost.flops_effective;
  }
  std::vector<SurveyTotal> totals;
  for (auto& [name, sum] : sums) {
    sum.total.operator_name = name;
    sum.total.captured = sum.kept / sum.energy;
    sum.total.parameter_fraction = sum.parameters / sum.dense_parameters;
    sum.total.flop_fraction = sum.flops / sum.dense_flops;
    totals.push_back(sum.total);
  }
  return totals;
}

}  // namespace basisbench
