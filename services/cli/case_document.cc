// SPDX-License-Identifier: Apache-2.0
#include "services/cli/case_document.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/cli/derived.h"
#include "services/cli/proto_json.h"

namespace basisbench {
namespace {

// Collects figures; what is missing is null and explained apart, so that scripts meet one type.
class Figures {
 public:
  void Add(const std::string& key, const std::optional<double>& value, const std::string& why) {
    figures_[key] = value ? Json(*value) : Json(nullptr);
    if (!value) missing_[key] = why.empty() ? "no reason was recorded" : why;
  }
  void Add(const std::string& key, Json value) { figures_[key] = std::move(value); }

  const Json& figures() const { return figures_; }
  const Json& missing() const { return missing_; }

 private:
  Json figures_ = Json::object();
  Json missing_ = Json::object();
};

Json Collectives(const v1::CaseResult& result) {
  auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  Json list = Json::array();
  for (const CollectiveRate& rate : DeriveCollectives(result)) {
    list.push_back({{"collective", rate.collective},
                    {"calls", rate.calls},
                    {"bytes_sent", rate.bytes_sent},
                    {"messages_sent", rate.messages_sent},
                    {"seconds", number(rate.seconds)},
                    {"algbw_bytes_per_second", number(rate.algbw_bytes_per_second)},
                    {"busbw_bytes_per_second", number(rate.busbw_bytes_per_second)}});
  }
  return list;
}

void AddTime(const v1::CaseResult& result, const Derived& d, const std::string& no_time,
             Figures* out) {
  const v1::Timing& timing = result.timing();
  // A figure the record has and Derive keeps back belongs to a case that did not end OK.
  auto measured = [&](const char* key, const std::optional<double>& value,
                      const v1::Measured& source) {
    out->Add(key, value, source.has_value() ? no_time : source.note());
  };
  out->Add("median_seconds", d.median_seconds, no_time);
  measured("compute_seconds", d.compute_seconds, timing.compute_seconds());
  measured("communication_seconds", d.communication_seconds, timing.communication_seconds());
  measured("overlap_ratio", d.overlap_ratio, timing.overlap_ratio());
  measured("energy_joules", d.energy_joules, result.energy_joules());
  measured("memory_bytes_measured", d.memory_bytes_measured, result.memory_bytes());
  measured("expressiveness", d.expressiveness, result.expressiveness());
}

void AddRates(const v1::CaseResult& result, const Derived& d, const std::string& no_time,
              Figures* out) {
  const std::string no_work = d.median_seconds ? "the operator declares no such work" : no_time;
  const std::string no_roof = d.median_seconds ? "no such roof was measured" : no_time;
  out->Add("effective_flops_per_second", d.effective_flops_per_second, no_work);
  out->Add("executed_flops_per_second", d.executed_flops_per_second, no_work);
  out->Add("gemm_roof_fraction", d.gemm_roof_fraction, no_roof);
  out->Add("copy_roof_fraction", d.copy_roof_fraction, no_roof);
  const bool silent = d.wire_bytes_max_rank && *d.wire_bytes_max_rank == 0;
  out->Add("wire_roof_fraction", d.wire_roof_fraction, silent ? "the case sends nothing" : no_roof);
  out->Add("wire_bound_ratio", d.wire_bound_ratio,
           result.has_timing() ? "no lower bound is known" : no_time);
}

}  // namespace

Json CaseDocument(const v1::CaseResult& result) {
  const Derived d = Derive(result);
  const std::string no_time = result.outcome() == v1::OUTCOME_OK
                                  ? "nothing was timed"
                                  : absl::StrCat("the case ended ", OutcomeName(result.outcome()));
  Figures figures;
  AddTime(result, d, no_time, &figures);
  AddRates(result, d, no_time, &figures);
  figures.Add("collectives", Collectives(result));
  figures.Add("verdict", d.verdict.empty() ? Json(nullptr) : Json(d.verdict));

  v1::CaseResult record = result;
  if (record.has_timing()) record.mutable_timing()->clear_samples();
  Json document = {{"derived", figures.figures()}, {"not_measured", figures.missing()}};
  document.update(ToJson(record, Defaults::kDrop));
  return document;
}

}  // namespace basisbench
