// SPDX-License-Identifier: Apache-2.0
// Per-layer and whole-model figures: the sum over sites of median x calls.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/derived.h"
#include "services/cli/result_table.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

// One operator in one configuration over the sites of a model.
struct Variant {
  v1::Case sample;
  std::set<std::string> texts;  // the operator as each site ran it
  std::set<std::string> sites;
  std::set<std::string> missing;  // asked for, but without a valid result
  double layer_seconds = 0;
  double model_seconds = 0;
  // The MatMul of the same comparison groups; absent as soon as one group has none.
  std::optional<double> baseline_model_seconds = 0.0;
};

// Sites that each have the sharding chosen for them are one configuration.
const std::string& AskedSharding(const v1::Case& c) {
  return c.requested_sharding().empty() ? c.sharding() : c.requested_sharding();
}

std::string VariantKey(const v1::Case& c) {
  return absl::StrJoin(
      {c.preset(), c.phase(), c.dtype(), c.direction(), c.cache(), c.input(),
       absl::StrCat(c.ranks()), AskedSharding(c), c.grid(), OperatorText(c.operator_())},
      "|");
}

// The key without what an operator chooses from the shape of each site.
std::string NamedKey(const v1::Case& c) {
  v1::Case named = c;
  named.mutable_operator_()->clear_parameters();
  named.clear_grid();
  return VariantKey(named);
}

// Decides which records belong to one variant. Parameters left to the operator differ between sites
// and do not tell variants apart; parameters that are swept occur side by side at one site, and do.
class Grouping {
 public:
  explicit Grouping(const std::vector<v1::CaseResult>& results) {
    std::map<std::string, std::string> seen;  // named key and site -> full key
    for (const v1::CaseResult& r : results) {
      const std::string named = NamedKey(r.case_());
      const auto [it, inserted] =
          seen.insert({absl::StrCat(named, "@", r.case_().site()), VariantKey(r.case_())});
      if (!inserted && it->second != VariantKey(r.case_())) swept_.insert(named);
    }
  }
  std::string KeyOf(const v1::Case& c) const {
    const std::string named = NamedKey(c);
    return swept_.count(named) > 0 ? VariantKey(c) : named;
  }

 private:
  std::set<std::string> swept_;
};

void Add(const v1::CaseResult& result, const std::map<std::string, double>& baselines, Variant* v) {
  const v1::Case& c = result.case_();
  const Derived d = Derive(result);
  v->texts.insert(OperatorText(c.operator_()));
  if (!d.rankable || !d.median_seconds) {
    v->missing.insert(c.site());
    return;
  }
  if (!v->sites.insert(c.site()).second) return;
  v->layer_seconds += *d.median_seconds * c.calls_per_layer();
  v->model_seconds += *d.median_seconds * c.calls_per_model();
  const auto baseline = baselines.find(c.comparison_group());
  if (baseline == baselines.end()) {
    v->baseline_model_seconds.reset();
  } else if (v->baseline_model_seconds) {
    *v->baseline_model_seconds += baseline->second * c.calls_per_model();
  }
}

Row VariantRow(const Variant& v) {
  const v1::Case& c = v.sample;
  const bool whole = v.missing.empty();
  auto seconds = [&](double value) {
    return whole ? Cell(Json(value), HumanSeconds(value)) : Cell();
  };
  const bool comparable = whole && v.baseline_model_seconds && !c.baseline() && v.model_seconds > 0;
  Cell speedup;
  if (comparable) {
    const double ratio = *v.baseline_model_seconds / v.model_seconds;
    speedup = Cell(Json(ratio), HumanRatio(ratio));
  }
  const std::string text = v.texts.size() == 1 ? *v.texts.begin() : c.operator_().name();
  return {
      {Json(text), Json(AskedSharding(c)), Json(c.preset()), Json(c.phase()), Json(c.dtype()),
       Json(c.cache()), Json(c.ranks()), Json(absl::StrJoin(v.sites, ",")),
       Json(absl::StrJoin(v.missing, ",")), seconds(v.layer_seconds), seconds(v.model_seconds),
       comparable ? Cell(Json(*v.baseline_model_seconds), HumanSeconds(*v.baseline_model_seconds))
                  : Cell(),
       speedup},
      absl::StrCat(c.preset(), "  ", c.phase(), "  ", c.dtype(), " ", c.direction(), " ", c.cache(),
                   "  ", c.ranks(), c.ranks() == 1 ? " rank" : " ranks",
                   "  sums over sites of median x calls")};
}

}  // namespace

Table ModelTable(const std::vector<v1::CaseResult>& results) {
  Table table{.columns = {{"operator"},
                          {"sharding"},
                          {"preset", Audience::kMachine},
                          {"phase", Audience::kMachine},
                          {"dtype", Audience::kMachine},
                          {"cache", Audience::kMachine},
                          {"ranks", Audience::kMachine},
                          {"sites"},
                          {"missing_sites", Audience::kAll, false, "MISSING"},
                          {"seconds_per_layer", Audience::kAll, true, "LAYER"},
                          {"seconds_per_model", Audience::kAll, true, "MODEL"},
                          {"baseline_seconds_per_model", Audience::kAll, true, "MATMUL MODEL"},
                          {"speedup", Audience::kAll, true, "VS MATMUL"}},
              .rows = {},
              .empty = "",
              .name_column = 0};
  std::map<std::string, double> baselines;
  for (const v1::CaseResult& r : results) {
    const Derived d = Derive(r);
    if (!r.case_().baseline() || !d.rankable || !d.median_seconds) continue;
    baselines[r.case_().comparison_group()] = *d.median_seconds;
  }
  const Grouping grouping(results);
  std::vector<std::string> order;
  std::map<std::string, Variant> variants;
  for (const v1::CaseResult& r : results) {
    if (r.case_().preset().empty()) continue;
    const std::string key = grouping.KeyOf(r.case_());
    const auto [it, inserted] = variants.insert({key, Variant()});
    if (inserted) {
      order.push_back(key);
      it->second.sample = r.case_();
    }
    Add(r, baselines, &it->second);
  }
  for (const std::string& key : order) table.rows.push_back(VariantRow(variants[key]));
  return table;
}

}  // namespace basisbench
