// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/score.h"

#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/catalogue.h"
#include "workers/expressiveness/orders.h"

namespace basisbench {
namespace {

constexpr std::array<absl::string_view, 3> kWithoutEffect = {"axis", "init", "seed"};

absl::Status CheckValue(const FamilyRequest& request, const FamilyParameter& parameter) {
  const std::string& value = request.Text(parameter.name);
  if (!parameter.choices.empty()) {
    if (std::find(parameter.choices.begin(), parameter.choices.end(), value) !=
        parameter.choices.end())
      return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(request.name, ": ", parameter.name, " = '",
                                                   value, "' is none of ",
                                                   absl::StrJoin(parameter.choices, ", ")));
  }
  int64_t number = 0;
  if (value == parameter.default_value(request.n) ||
      (absl::SimpleAtoi(value, &number) && number >= parameter.minimum))
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(request.name, ": ", parameter.name,
                                                 " must be an integer of at least ",
                                                 parameter.minimum, ", not '", value, "'"));
}

absl::Status CheckNames(const CatalogueEntry& entry,
                        const std::map<std::string, std::string>& parameters) {
  std::vector<absl::string_view> known(kWithoutEffect.begin(), kWithoutEffect.end());
  for (const FamilyParameter& parameter : entry.parameters) known.push_back(parameter.name);
  for (const auto& [name, value] : parameters) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      return absl::InvalidArgumentError(absl::StrCat(entry.name, " has no parameter '", name,
                                                     "'; have: ", absl::StrJoin(known, ", ")));
  }
  return absl::OkStatus();
}

std::string TextOf(const FamilyRequest& request) {
  if (request.parameters.empty()) return request.name;
  return absl::StrCat(request.name, "{",
                      absl::StrJoin(request.parameters, ",", absl::PairFormatter("=")), "}");
}

template <typename T>
absl::StatusOr<double> Captured(const Family& family, const Matrix<T>& target) {
  if (family.captured) return family.captured();
  BB_ASSIGN_OR_RETURN(const Matrix<T> member, family.Closest(target));
  return std::max(0.0, CapturedEnergy(target, member));
}

// P_out M P_in closest to T means M closest to T with both orders undone.
template <typename T>
absl::Status FitOrders(const Family& family, const Matrix<T>& target, TargetFit& fit) {
  fit.captured_canon = fit.captured;
  fit.canon_orders = "I,I";
  if (family.order_invariant || family.captured) return absl::OkStatus();
  const int64_t n = target.rows();
  for (const char out : kOrders) {
    for (const char in : kOrders) {
      const Matrix<T> reordered = Reorder(target, OrderOf(out, n), OrderOf(in, n));
      BB_ASSIGN_OR_RETURN(const double captured, Captured(family, reordered));
      // Equal up to rounding keeps the earlier, simpler pair.
      if (captured <= *fit.captured_canon + 1e-9) continue;
      fit.captured_canon = captured;
      fit.canon_orders = {out, ',', in};
    }
  }
  return absl::OkStatus();
}

template <typename Wanted>
std::optional<double> MeanOf(absl::Span<const TargetFit> fits, Wanted wanted) {
  double sum = 0;
  int count = 0;
  for (const TargetFit& fit : fits) {
    if (!wanted(fit.target)) continue;
    sum += fit.captured;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

}  // namespace

std::string MethodName(FitMethod method) {
  switch (method) {
    case FitMethod::kClosedForm:
      return "closed form";
    case FitMethod::kHierarchical:
      return "hierarchical";
    case FitMethod::kConstructive:
      return "constructive";
    case FitMethod::kBilinear:
      return "bilinear";
  }
  return "unknown";
}

absl::StatusOr<FamilyInfo> ResolveFamily(absl::string_view name,
                                         const std::map<std::string, std::string>& parameters,
                                         int64_t n) {
  BB_ASSIGN_OR_RETURN(const CatalogueEntry* entry, FindFamily(name));
  BB_RETURN_IF_ERROR(CheckTargetSize(n));
  BB_RETURN_IF_ERROR(CheckNames(*entry, parameters));
  FamilyInfo info;
  info.request = WithDefaults(*entry, n, parameters);
  for (const FamilyParameter& parameter : entry->parameters)
    BB_RETURN_IF_ERROR(CheckValue(info.request, parameter));
  BB_ASSIGN_OR_RETURN(const Family family, entry->make(info.request));
  info.text = TextOf(info.request);
  info.method = MethodName(family.method);
  info.parameters = family.cost.parameters;
  info.degrees_of_freedom = family.cost.degrees_of_freedom;
  const double size = static_cast<double>(n);
  info.flops_fraction = family.cost.flops / (2 * size * size);
  info.same_for_every_target = family.captured != nullptr;
  return info;
}

absl::StatusOr<Family> MakeResolved(const FamilyInfo& family) {
  BB_ASSIGN_OR_RETURN(const CatalogueEntry* entry, FindFamily(family.request.name));
  return entry->make(family.request);
}

absl::StatusOr<TargetFit> FitTarget(const FamilyInfo& family, const Target& target, bool canon) {
  if (target.n != family.request.n)
    return absl::InvalidArgumentError(absl::StrCat("target ", target.name, " has n = ", target.n,
                                                   ", ", family.text, " has ", family.request.n));
  BB_ASSIGN_OR_RETURN(const Family made, MakeResolved(family));
  TargetFit fit{.target = target.name};
  BB_RETURN_IF_ERROR(std::visit(
      [&](const auto& matrix) -> absl::Status {
        BB_ASSIGN_OR_RETURN(fit.captured, Captured(made, matrix));
        return canon ? FitOrders(made, matrix, fit) : absl::OkStatus();
      },
      target.matrix));
  return fit;
}

absl::StatusOr<Score> ScoreFamily(const FamilyInfo& family, absl::Span<const Target> targets,
                                  bool canon) {
  std::vector<TargetFit> fits;
  for (const Target& target : targets) {
    if (family.same_for_every_target && !fits.empty()) {
      fits.push_back(fits.front());
      fits.back().target = target.name;
      continue;
    }
    BB_ASSIGN_OR_RETURN(TargetFit fit, FitTarget(family, target, canon));
    fits.push_back(std::move(fit));
  }
  return Summarise(family, std::move(fits));
}

Score Summarise(FamilyInfo family, std::vector<TargetFit> fits) {
  Score score{std::move(family), std::move(fits)};
  score.mean = MeanOf(score.targets, [](absl::string_view) { return true; });
  score.arbitrary = MeanOf(score.targets, IsArbitrary);
  score.fast = MeanOf(score.targets, [](absl::string_view t) { return !IsArbitrary(t); });
  if (!score.arbitrary.has_value()) return score;
  const double size = static_cast<double>(score.family.request.n);
  const double share = static_cast<double>(score.family.parameters) / (size * size);
  if (share > 0) score.gain_per_parameter = *score.arbitrary / share;
  if (score.family.flops_fraction > 0)
    score.gain_per_flop = *score.arbitrary / score.family.flops_fraction;
  return score;
}

}  // namespace basisbench
