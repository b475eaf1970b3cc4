// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/resolve.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::Status CheckShape(const OperatorDescription& description, const Problem& problem) {
  const std::pair<const char*, int64_t> sizes[] = {{"tokens", problem.shape.tokens},
                                                   {"d_in", problem.shape.d_in},
                                                   {"d_out", problem.shape.d_out},
                                                   {"ranks", problem.ranks}};
  for (const auto& [name, value] : sizes) {
    if (value < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat(description.name, ": ", name, " must be at least 1, not ", value));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckChoices(const OperatorDescription& description, const Problem& problem) {
  if (!Contains(description.shardings, problem.sharding)) {
    return absl::UnimplementedError(
        absl::StrCat(description.name, " has no sharding '", problem.sharding,
                     "'; have: ", absl::StrJoin(description.shardings, ", ")));
  }
  if (!Contains(description.directions, problem.direction)) {
    return absl::UnimplementedError(
        absl::StrCat(description.name, " has no direction '", problem.direction,
                     "'; have: ", absl::StrJoin(description.directions, ", ")));
  }
  const auto& dtypes = description.dtypes;
  if (std::find(dtypes.begin(), dtypes.end(), problem.dtype) == dtypes.end()) {
    return absl::UnimplementedError(
        absl::StrCat(description.name, " does not run in dtype '", DtypeName(problem.dtype), "'"));
  }
  return absl::OkStatus();
}

absl::Status CheckParameter(const OperatorDescription& description,
                            const ParameterDescription& parameter, const std::string& value) {
  if (parameter.minimum == 0 && parameter.maximum == 0) return absl::OkStatus();
  int64_t number = 0;
  if (!absl::SimpleAtoi(value, &number) || number < parameter.minimum ||
      number > parameter.maximum) {
    return absl::InvalidArgumentError(
        absl::StrCat(description.name, ": parameter '", parameter.name, "' must be an integer in ",
                     parameter.minimum, "..", parameter.maximum, ", not '", value, "'"));
  }
  return absl::OkStatus();
}

absl::Status ResolveParameters(const OperatorDescription& description, Problem& problem) {
  std::vector<std::string> known;
  for (const auto& parameter : description.parameters) known.push_back(parameter.name);
  for (const auto& [name, value] : problem.parameters) {
    if (!Contains(known, name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(description.name, " has no parameter '", name,
                       "'; have: ", known.empty() ? "none" : absl::StrJoin(known, ", ")));
    }
  }
  for (const auto& parameter : description.parameters) {
    std::string& value = problem.parameters[parameter.name];
    if (value.empty()) value = parameter.default_value;
    if (value.empty()) {
      problem.parameters.erase(parameter.name);  // the operator chooses it from the shape
      continue;
    }
    BB_RETURN_IF_ERROR(CheckParameter(description, parameter, value));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Problem> ResolveAgainst(const OperatorDescription& description,
                                       const Problem& problem) {
  Problem resolved = problem;
  resolved.operator_name = description.name;
  if (resolved.sharding.empty()) resolved.sharding = description.shardings.front();
  if (resolved.direction.empty()) resolved.direction = description.directions.front();
  if (resolved.shape.d_out == 0) resolved.shape.d_out = resolved.shape.d_in;
  BB_RETURN_IF_ERROR(CheckShape(description, resolved));
  BB_RETURN_IF_ERROR(CheckChoices(description, resolved));
  BB_RETURN_IF_ERROR(ResolveParameters(description, resolved));
  return resolved;
}

absl::StatusOr<ProcessGrid> ParseGrid(absl::string_view text, int ranks) {
  const std::vector<std::string> sides = absl::StrSplit(text, 'x');
  ProcessGrid grid;
  if (sides.size() != 2 || !absl::SimpleAtoi(sides[0], &grid.rows) ||
      !absl::SimpleAtoi(sides[1], &grid.cols) || grid.rows < 1 || grid.cols < 1) {
    return absl::InvalidArgumentError(absl::StrCat("grid must look like '2x3', not '", text, "'"));
  }
  if (static_cast<int64_t>(grid.rows) * grid.cols != ranks) {
    return absl::InvalidArgumentError(absl::StrCat("grid ", text, " needs ",
                                                   static_cast<int64_t>(grid.rows) * grid.cols,
                                                   " ranks, not ", ranks));
  }
  return grid;
}

absl::Status RefuseGrid(const Problem& problem) {
  if (problem.grid.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(problem.operator_name, ": sharding '", problem.sharding,
                   "' uses no process grid, but grid '", problem.grid, "' was given"));
}

absl::Status RequireSquare(const Problem& problem) {
  const auto [tokens, d_in, d_out] = problem.shape;
  if (d_in == d_out) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(problem.operator_name,
                                               " maps a space to itself: d_out = ", d_out,
                                               " must equal d_in = ", d_in));
}

}  // namespace basisbench
