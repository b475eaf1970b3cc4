// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/expansion.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/coordinator/expansion_axes.h"

namespace basisbench {
namespace {

constexpr char kBaseline[] = "matmul";

// The members of the groups of one axis: operators, and whether a baseline is added in front.
struct Members {
  std::vector<const ChosenOperator*> operators;
  const ChosenOperator* added_baseline = nullptr;

  uint64_t PerGroup() const {
    uint64_t count = added_baseline != nullptr ? 1 : 0;
    for (const ChosenOperator* op : operators) count += op->shardings.size();
    return count;
  }
};

Members MembersOf(const std::vector<ChosenOperator>& operators, bool tokens,
                  const ChosenOperator* baseline) {
  Members members;
  bool has_dense = false;
  for (const ChosenOperator& op : operators) {
    if (op.MixesTokens() != tokens) continue;
    members.operators.push_back(&op);
    has_dense = has_dense || op.info->name() == kBaseline;
  }
  // The dense rival stands first, so that it is measured in the first round of the group.
  std::stable_partition(members.operators.begin(), members.operators.end(),
                        [](const ChosenOperator* op) { return op->info->name() == kBaseline; });
  if (!members.operators.empty() && !has_dense) members.added_baseline = baseline;
  return members;
}

// Whether the product of all list lengths exceeds the limit, without overflow and without
// expanding.
absl::Status CheckCount(const v1::JobSpec& spec, const Places& places, const Members& channel,
                        const Members& token, uint64_t max_cases) {
  const double groups = static_cast<double>(spec.dtypes_size()) * spec.ranks_size() *
                        spec.directions_size() * spec.caches_size();
  const double count = groups * (static_cast<double>(places.channel.size()) * channel.PerGroup() +
                                 static_cast<double>(places.token.size()) * token.PerGroup());
  if (count <= static_cast<double>(max_cases)) return absl::OkStatus();
  const std::string printed =
      count < 1e18 ? absl::StrCat(static_cast<uint64_t>(count)) : "more than 10^18";
  return absl::InvalidArgumentError(absl::StrCat("spec: the sweep has ", printed,
                                                 " cases, more than the limit of ", max_cases,
                                                 "; split it, or shorten a list"));
}

// What all cases of one group share.
struct Group {
  const Place* place;
  const std::string* dtype;
  const std::string* direction;
  const std::string* cache;
  uint32_t ranks;
  std::string name;
};

class Expander {
 public:
  explicit Expander(const v1::JobSpec& spec) : spec_(spec) {}

  void AddGroups(const std::vector<Place>& places, const Members& members, uint32_t ranks) {
    if (members.operators.empty()) return;
    for (const Place& place : places) {
      for (const std::string& dtype : spec_.dtypes()) {
        for (const std::string& direction : spec_.directions()) {
          for (const std::string& cache : spec_.caches()) {
            AddGroup(
                {&place, &dtype, &direction, &cache, ranks,
                 absl::StrCat(place.name, " ", dtype, " r", ranks, " ", direction, " ", cache)},
                members);
          }
        }
      }
    }
  }

  std::vector<ExpandedCase> Take() { return std::move(cases_); }

 private:
  void AddGroup(const Group& group, const Members& members) {
    if (members.added_baseline != nullptr) {
      Add(group, *members.added_baseline, members.added_baseline->shardings.front(),
          /*baseline=*/true);
    }
    bool first_dense = true;
    for (const ChosenOperator* op : members.operators) {
      for (const std::string& sharding : op->shardings) {
        const bool baseline = first_dense && op->info->name() == kBaseline;
        if (baseline) first_dense = false;
        Add(group, *op, sharding, baseline);
      }
    }
  }

  void Add(const Group& group, const ChosenOperator& op, const std::string& sharding,
           bool baseline) {
    ExpandedCase expanded;
    expanded.operator_index = op.index;
    v1::Case& item = expanded.item;
    item.set_index(static_cast<uint32_t>(cases_.size()));
    *item.mutable_operator_() = op.spec;
    *item.mutable_shape() = op.MixesTokens() ? group.place->shape : group.place->dense_shape;
    item.set_dtype(*group.dtype);
    item.set_direction(*group.direction);
    item.set_sharding(sharding);
    item.set_ranks(group.ranks);
    item.set_backend(spec_.backend());
    item.set_cache(*group.cache);
    item.set_input(spec_.input());
    item.set_seed(spec_.measurement().seed());
    item.set_site(group.place->site);
    if (spec_.has_model()) {
      item.set_preset(spec_.model().preset());
      item.set_phase(spec_.model().phase());
    }
    item.set_calls_per_model(group.place->calls_per_model);
    item.set_calls_per_layer(group.place->calls_per_layer);
    item.set_comparison_group(group.name);
    item.set_baseline(baseline);
    expanded.refusal = LocalRefusal(op, item);
    cases_.push_back(std::move(expanded));
  }

  static std::string LocalRefusal(const ChosenOperator& op, const v1::Case& item) {
    const auto has = [](const auto& list, const std::string& word) {
      return std::find(list.begin(), list.end(), word) != list.end();
    };
    if (!has(op.info->dtypes(), item.dtype())) {
      return absl::StrCat("operator '", op.info->name(), "' has no dtype '", item.dtype(), "'");
    }
    if (!has(op.info->directions(), item.direction())) {
      return absl::StrCat("operator '", op.info->name(), "' has no direction '", item.direction(),
                          "'");
    }
    return "";
  }

  const v1::JobSpec& spec_;
  std::vector<ExpandedCase> cases_;
};

}  // namespace

absl::StatusOr<std::vector<ExpandedCase>> Expand(const v1::JobSpec& spec,
                                                 const Catalogue& catalogue, const Presets& presets,
                                                 uint64_t max_cases) {
  BB_ASSIGN_OR_RETURN(const std::vector<ChosenOperator> operators,
                      ChooseOperators(spec, catalogue));
  BB_ASSIGN_OR_RETURN(const Places places, ChoosePlaces(spec, operators, presets));
  ChosenOperator baseline;
  Members channel = MembersOf(operators, /*tokens=*/false, &baseline);
  Members token = MembersOf(operators, /*tokens=*/true, &baseline);
  if (spec.no_baseline()) {
    channel.added_baseline = nullptr;
    token.added_baseline = nullptr;
  } else if (channel.added_baseline != nullptr || token.added_baseline != nullptr) {
    BB_ASSIGN_OR_RETURN(baseline, ChooseBaseline(spec, catalogue));
  }
  BB_RETURN_IF_ERROR(CheckCount(spec, places, channel, token, max_cases));
  std::vector<uint32_t> ranks(spec.ranks().begin(), spec.ranks().end());
  std::sort(ranks.begin(), ranks.end());
  Expander expander(spec);
  for (const uint32_t world : ranks) {
    expander.AddGroups(places.channel, channel, world);
    expander.AddGroups(places.token, token, world);
  }
  return expander.Take();
}

}  // namespace basisbench
