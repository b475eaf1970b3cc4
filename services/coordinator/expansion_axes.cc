// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/expansion_axes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/auto_sharding.h"
#include "services/base/status_macros.h"
#include "services/coordinator/did_you_mean.h"

namespace basisbench {
namespace {

using Words = google::protobuf::RepeatedPtrField<std::string>;

bool Contains(const Words& words, absl::string_view word) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& w) { return absl::string_view(w) == word; });
}

absl::Status CheckParameter(const v1::ParameterInfo& info, absl::string_view field,
                            const std::string& value) {
  const bool is_integer = info.minimum() != 0 || info.maximum() != 0;
  if (!is_integer || value.empty()) return absl::OkStatus();
  int64_t number = 0;
  if (!absl::SimpleAtoi(value, &number)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", Quote(value), " is not an integer"));
  }
  if (number < info.minimum() || number > info.maximum()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", number, " is not in ", info.minimum(), "..", info.maximum()));
  }
  return absl::OkStatus();
}

absl::Status CompleteParameters(const v1::OperatorInfo& info, absl::string_view at,
                                v1::OperatorSpec& spec) {
  std::vector<std::string> names;
  for (const v1::ParameterInfo& parameter : info.parameters()) names.push_back(parameter.name());
  for (const auto& [name, value] : spec.parameters()) {
    const auto known = std::find(names.begin(), names.end(), name);
    const std::string field = absl::StrCat(at, ".parameters[", Quote(name), "]");
    if (known == names.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, ": operator '", info.name(), "' has no such parameter", KnownNames(name, names)));
    }
    BB_RETURN_IF_ERROR(
        CheckParameter(info.parameters(static_cast<int>(known - names.begin())), field, value));
  }
  for (const v1::ParameterInfo& parameter : info.parameters()) {
    if (parameter.default_value().empty() || spec.parameters().count(parameter.name()) > 0)
      continue;
    (*spec.mutable_parameters())[parameter.name()] = parameter.default_value();
  }
  return absl::OkStatus();
}

// Those of the list the operator supports, in the order of the list; its own first one without a
// list. Any operator supports that one of its shardings is chosen.
std::vector<std::string> ShardingsOf(const v1::OperatorInfo& info, const Words& asked) {
  if (asked.empty()) return {info.shardings(0)};
  std::vector<std::string> shardings;
  for (const std::string& sharding : asked) {
    if (sharding == kAutoSharding || Contains(info.shardings(), sharding)) {
      shardings.push_back(sharding);
    }
  }
  return shardings;
}

// A word that no operator at all knows is a mistake of the user, not a gap of one operator. `known`
// are words that need no operator.
absl::Status CheckKnown(absl::string_view field, const Words& asked, const Catalogue& catalogue,
                        const Words& (v1::OperatorInfo::*list)() const,
                        std::set<std::string> known = {}) {
  for (const v1::OperatorInfo& info : catalogue.operators) {
    known.insert((info.*list)().begin(), (info.*list)().end());
  }
  for (int i = 0; i < asked.size(); ++i) {
    if (known.count(asked[i]) > 0) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    return absl::InvalidArgumentError(absl::StrCat(field, "[", i, "]: ", Quote(asked[i]),
                                                   " is not known", KnownNames(asked[i], names)));
  }
  return absl::OkStatus();
}

Place ExplicitPlace(const v1::Shape& shape, bool token) {
  Place place;
  place.shape = shape;
  place.dense_shape = shape;
  if (token) {
    place.dense_shape.set_tokens(shape.d_in());
    place.dense_shape.set_d_in(shape.tokens());
    place.dense_shape.set_d_out(shape.tokens());
  }
  place.name =
      absl::StrCat(shape.tokens(), "x", shape.d_in(), "x", shape.d_out(), token ? " tokens" : "");
  return place;
}

Place SitePlace(const v1::SiteInfo& site, const v1::ModelWorkload& model) {
  Place place;
  place.site = site.name();
  place.name = site.name();
  place.calls_per_layer = site.calls_per_layer();
  place.calls_per_model = site.calls_per_model();
  if (site.axis() == "channel") {
    place.shape.set_tokens(model.phase() == "decode" ? model.batch()
                                                     : model.batch() * model.sequence());
    place.shape.set_d_in(site.d_in());
    place.shape.set_d_out(site.d_out());
    place.dense_shape = place.shape;
    return place;
  }
  // Tokens mix inside one sequence only, so a batch is that many applications of the same shape.
  v1::Shape shape;
  shape.set_tokens(model.sequence());
  shape.set_d_in(site.d_in());
  shape.set_d_out(site.d_out());
  const auto batch = static_cast<double>(model.batch());
  place = ExplicitPlace(shape, /*token=*/true);
  place.site = site.name();
  place.name = site.name();
  place.calls_per_layer = site.calls_per_layer() * batch;
  place.calls_per_model = site.calls_per_model() * batch;
  return place;
}

absl::StatusOr<Places> PresetPlaces(const v1::ModelWorkload& model, const Presets& presets) {
  absl::StatusOr<const v1::PresetInfo*> preset = presets.Find(model.preset());
  if (!preset.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("spec.model.preset: ", preset.status().message()));
  }
  std::vector<std::string> names;
  for (const v1::SiteInfo& site : (*preset)->sites()) names.push_back(site.name());
  for (int i = 0; i < model.sites_size(); ++i) {
    if (std::find(names.begin(), names.end(), model.sites(i)) != names.end()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("spec.model.sites[", i, "]: preset '", model.preset(), "' has no site ",
                     Quote(model.sites(i)), KnownNames(model.sites(i), names)));
  }
  Places places;
  for (const v1::SiteInfo& site : (*preset)->sites()) {
    if (!model.sites().empty() && !Contains(model.sites(), site.name())) continue;
    const bool token = site.axis() != "channel";
    // A decoding step has one token per sequence: nothing to mix.
    if (token && model.phase() == "decode") continue;
    (token ? places.token : places.channel).push_back(SitePlace(site, model));
  }
  return places;
}

}  // namespace

absl::StatusOr<std::vector<ChosenOperator>> ChooseOperators(const v1::JobSpec& spec,
                                                            const Catalogue& catalogue) {
  std::vector<ChosenOperator> chosen;
  for (int i = 0; i < spec.operators_size(); ++i) {
    const std::string at = absl::StrCat("spec.operators[", i, "]");
    const std::string& name = spec.operators(i).name();
    ChosenOperator op;
    op.spec = spec.operators(i);
    op.index = i;
    op.info = catalogue.Find(name);
    if (op.info == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(at, ".name: no operator ", Quote(name),
                                                     KnownNames(name, catalogue.Names())));
    }
    BB_RETURN_IF_ERROR(CompleteParameters(*op.info, at, op.spec));
    chosen.push_back(std::move(op));
  }
  BB_RETURN_IF_ERROR(
      CheckKnown("spec.dtypes", spec.dtypes(), catalogue, &v1::OperatorInfo::dtypes));
  BB_RETURN_IF_ERROR(
      CheckKnown("spec.directions", spec.directions(), catalogue, &v1::OperatorInfo::directions));
  BB_RETURN_IF_ERROR(CheckKnown("spec.shardings", spec.shardings(), catalogue,
                                &v1::OperatorInfo::shardings, {kAutoSharding}));
  for (ChosenOperator& op : chosen) {
    op.shardings = ShardingsOf(*op.info, spec.shardings());
    if (!op.shardings.empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("spec.operators[", op.index, "].name: operator '", op.info->name(),
                     "' supports none of spec.shardings (", absl::StrJoin(spec.shardings(), ", "),
                     "); has: ", absl::StrJoin(op.info->shardings(), ", ")));
  }
  return chosen;
}

absl::StatusOr<ChosenOperator> ChooseBaseline(const v1::JobSpec& spec, const Catalogue& catalogue) {
  ChosenOperator baseline;
  baseline.spec.set_name("matmul");
  baseline.info = catalogue.Find("matmul");
  if (baseline.info == nullptr) {
    return absl::InvalidArgumentError(
        "spec.no_baseline: no attached worker offers 'matmul' to compare with; set it to run "
        "without");
  }
  BB_RETURN_IF_ERROR(CompleteParameters(*baseline.info, "baseline", baseline.spec));
  const std::vector<std::string> shared = ShardingsOf(*baseline.info, spec.shardings());
  baseline.shardings = {shared.empty() ? baseline.info->shardings(0) : shared.front()};
  return baseline;
}

absl::StatusOr<Places> ChoosePlaces(const v1::JobSpec& spec,
                                    const std::vector<ChosenOperator>& operators,
                                    const Presets& presets) {
  Places places;
  if (spec.has_model()) {
    BB_ASSIGN_OR_RETURN(places, PresetPlaces(spec.model(), presets));
  } else {
    for (const v1::Shape& shape : spec.shapes()) {
      places.channel.push_back(ExplicitPlace(shape, /*token=*/false));
      places.token.push_back(ExplicitPlace(shape, /*token=*/true));
    }
  }
  for (const ChosenOperator& op : operators) {
    if (!(op.MixesTokens() ? places.token : places.channel).empty()) continue;
    const bool decode = op.MixesTokens() && spec.model().phase() == "decode";
    return absl::InvalidArgumentError(absl::StrCat(
        "spec.operators[", op.index, "].name: operator '", op.info->name(), "' mixes ",
        op.MixesTokens() ? "tokens" : "channels", ", and ",
        decode ? "phase 'decode' has one token per sequence" : "none of spec.model.sites does"));
  }
  return places;
}

}  // namespace basisbench
