// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/backends.h"
#include "services/cli/frontier_bound.h"
#include "services/cli/frontier_parts.h"
#include "services/cli/spec_text.h"

namespace basisbench {
namespace {

// The members of one comparison group of one job.
struct Bucket {
  std::vector<const v1::CaseResult*> members;
  const v1::Case* asked = nullptr;  // any but the dense rival, whose shape may be turned
  const v1::Case* dense = nullptr;
};

bool SameShape(const v1::Shape& a, const v1::Shape& b) {
  return a.tokens() == b.tokens() && a.d_in() == b.d_in() && a.d_out() == b.d_out();
}

// The dense rival of an operator that mixes tokens multiplies along them: its shape is turned, or
// the group is named for it where turning a square changes nothing.
bool MixesTokens(const Bucket& bucket, const v1::Case& asked) {
  if (absl::StrContains(asked.comparison_group(), " tokens ")) return true;
  return bucket.dense != nullptr && !SameShape(bucket.dense->shape(), asked.shape());
}

std::string PlaceOf(const v1::Case& c, bool mixes_tokens) {
  std::vector<std::string> words;
  const auto add = [&words](const std::string& word, const char* usual) {
    if (!word.empty() && word != usual) words.push_back(word);
  };
  for (const std::string& word : {c.preset(), c.site(), c.phase()}) add(word, "");
  words.push_back(ShapeText(c.shape()));
  if (mixes_tokens) words.push_back("over tokens");
  words.push_back(c.dtype());
  add(c.direction(), "forward");
  add(c.cache(), "hot");
  add(c.input(), "normal");
  add(c.backend(), kCpuMpi);
  return absl::StrJoin(words, " ");
}

std::string ExcludedBecause(const v1::CaseResult& record, const Derived& derived) {
  if (record.outcome() != v1::OUTCOME_OK) {
    const std::string name = OutcomeName(record.outcome());
    return record.detail().empty() ? name : absl::StrCat(name, ": ", record.detail());
  }
  if (!derived.rankable) return "NOT VALIDATED: the output was not checked";
  if (!derived.median_seconds) return "NOT TIMED";
  return "";
}

// The score at the width of the case, or at the largest width scored.
const v1::ExpressivenessScore* ScoreOf(const v1::CaseResult& record) {
  const v1::ExpressivenessScore* best = nullptr;
  for (const v1::ExpressivenessScore& score : record.scores()) {
    if (score.n() == record.case_().shape().d_in()) return &score;
    if (best == nullptr || score.n() > best->n()) best = &score;
  }
  return best;
}

FrontierPoint PointOf(const v1::CaseResult& record) {
  FrontierPoint point;
  point.record = &record;
  point.derived = Derive(record);
  point.excluded = ExcludedBecause(record, point.derived);
  if (const auto* score = ScoreOf(record); score != nullptr) {
    point.gain = {score->arbitrary(), score->fast()};
    point.score_n = score->n();
  } else {
    point.gain[0] = point.derived.expressiveness;
  }
  if (!point.excluded.empty()) return point;
  const Derived& d = point.derived;
  point.cost[0] = Interval{*d.median_seconds, d.median_ci_low_seconds, d.median_ci_high_seconds};
  point.cost[1] = Interval::Exact(record.cost().flops_executed());
  if (d.wire_bytes) point.cost[3] = Interval::Exact(static_cast<double>(*d.wire_bytes));
  if (d.energy_joules) point.cost[4] = Interval{*d.energy_joules, {}, {}};
  return point;
}

// 0 for a type that is not known, which leaves the bound absent.
double BytesOf(const std::string& dtype) {
  if (dtype == "f64") return 8;
  if (dtype == "f32" || dtype == "tf32") return 4;
  return dtype == "bf16" || dtype == "f16" ? 2 : 0;
}

void AddBound(const Frontier& frontier, FrontierGroup* group) {
  const v1::Shape& shape = group->shape;
  const double n = static_cast<double>(shape.tokens());
  const double k = static_cast<double>(shape.d_in()), m = static_cast<double>(shape.d_out());
  const double bytes = BytesOf(group->dtype);
  for (const size_t i : group->points) {
    const FrontierPoint& point = frontier.points[i];
    const MachineRates rates{point.record->roofs().gemm_flops_per_second(),
                             point.record->roofs().copy_bytes_per_second()};
    const double flops = point.record->cost().flops_effective();
    if (group->bound || !point.excluded.empty()) continue;
    group->bound = SpeedupBound(flops, n * (k + m) * bytes, rates);
    const double weights = group->mixes_tokens ? n * n : k * m;
    group->bound_applies =
        group->bound && IsComputeBound(flops, (n * (k + m) + weights) * bytes, rates);
  }
}

// One axis shows either counted or computed traffic, never both.
void AddMemory(Frontier* frontier, FrontierGroup* group) {
  const auto ranked = [&](size_t i) { return frontier->points[i].excluded.empty(); };
  const bool measured = std::all_of(group->points.begin(), group->points.end(), [&](size_t i) {
    return !ranked(i) || frontier->points[i].derived.memory_bytes_measured.has_value();
  });
  group->memory_basis = measured ? "measured" : "model";
  for (const size_t i : group->points) {
    FrontierPoint& point = frontier->points[i];
    if (!ranked(i)) continue;
    const auto& bytes =
        measured ? point.derived.memory_bytes_measured : point.derived.memory_bytes_model;
    if (!bytes) continue;
    point.cost[2] = measured ? Interval{*bytes, {}, {}} : Interval::Exact(*bytes);
  }
}

using GroupKey = std::tuple<bool, std::string, std::string, std::string, uint32_t, int64_t, int64_t,
                            int64_t, std::string>;

FrontierGroup GroupOf(const v1::Case& asked, bool mixes_tokens) {
  FrontierGroup group;
  group.place = PlaceOf(asked, mixes_tokens);
  group.label =
      absl::StrCat(group.place, ", ", asked.ranks(), asked.ranks() == 1 ? " rank" : " ranks");
  group.shape = asked.shape();
  group.mixes_tokens = mixes_tokens;
  group.dtype = asked.dtype();
  group.ranks = asked.ranks();
  return group;
}

std::vector<Bucket> BucketsOf(const std::vector<v1::CaseResult>& records) {
  std::vector<Bucket> buckets;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, size_t> places;
  for (const v1::CaseResult& record : records) {
    const v1::Case& c = record.case_();
    const auto [place, is_new] = places.try_emplace(
        {record.job_id(), c.comparison_group(), c.backend(), c.input()}, buckets.size());
    if (is_new) buckets.emplace_back();
    Bucket& bucket = buckets[place->second];
    bucket.members.push_back(&record);
    (c.baseline() ? bucket.dense : bucket.asked) = &c;
  }
  return buckets;
}

}  // namespace

void AddGroups(const std::vector<v1::CaseResult>& records, int64_t tokens, Frontier* frontier) {
  std::map<GroupKey, FrontierGroup> groups;
  std::map<const v1::CaseResult*, GroupKey> group_of;
  for (const Bucket& bucket : BucketsOf(records)) {
    const v1::Case& asked = bucket.asked != nullptr ? *bucket.asked : *bucket.dense;
    if (tokens != 0 && asked.shape().tokens() != tokens) continue;
    const bool turned = MixesTokens(bucket, asked);
    const v1::Shape& s = asked.shape();
    const std::string place = PlaceOf(asked, turned);
    const GroupKey key{turned,   asked.preset(), asked.site(), asked.dtype(), asked.ranks(),
                       s.d_in(), s.d_out(),      s.tokens(),   place};
    FrontierGroup& group = groups.try_emplace(key, GroupOf(asked, turned)).first->second;
    if (bucket.dense != nullptr) group.dense = bucket.dense->operator_().name();
    for (const v1::CaseResult* record : bucket.members) group_of[record] = key;
  }
  std::map<GroupKey, size_t> index;
  for (auto& [key, group] : groups) {
    index[key] = frontier->groups.size();
    frontier->groups.push_back(std::move(group));
  }
  for (const v1::CaseResult& record : records) {
    const auto key = group_of.find(&record);
    if (key == group_of.end()) continue;
    FrontierPoint point = PointOf(record);
    point.group = index[key->second];
    FrontierGroup& group = frontier->groups[point.group];
    const bool is_baseline = record.case_().baseline() && point.excluded.empty();
    if (is_baseline) group.baseline = frontier->points.size();
    group.points.push_back(frontier->points.size());
    frontier->points.push_back(std::move(point));
  }
  for (FrontierGroup& group : frontier->groups) {
    AddMemory(frontier, &group);
    AddBound(*frontier, &group);
  }
}

}  // namespace basisbench
