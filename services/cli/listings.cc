// SPDX-License-Identifier: Apache-2.0
#include "services/cli/listings.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/derived.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

Json List(const google::protobuf::RepeatedPtrField<std::string>& values) {
  Json list = Json::array();
  for (const std::string& value : values) list.push_back(value);
  return list;
}

std::string OperatorsOf(const v1::JobSpec& spec) {
  return absl::StrJoin(spec.operators(), ",", [](std::string* out, const v1::OperatorSpec& op) {
    absl::StrAppend(out, OperatorText(op));
  });
}

Cell TimeCell(bool present, const google::protobuf::Timestamp& time) {
  return present ? Cell(Json(IsoTime(time))) : Cell();
}

// "2 x NVIDIA H100 80GB HBM3"; absent without GPUs.
Cell GpuModels(const v1::Inventory& inventory) {
  std::map<std::string, int> counts;
  for (const v1::GpuInfo& gpu : inventory.gpus()) ++counts[gpu.name()];
  if (counts.empty()) return Cell();
  return Cell(Json(absl::StrJoin(counts, ", ", [](std::string* out, const auto& model) {
    absl::StrAppend(out, model.second, " x ", model.first);
  })));
}

std::string WorkerStateName(v1::WorkerState state) {
  const std::string name = v1::WorkerState_Name(state);
  constexpr size_t kPrefix = sizeof("WORKER_STATE_") - 1;
  return name.size() > kPrefix ? name.substr(kPrefix) : "UNKNOWN";
}

}  // namespace

Table JobTable(const std::vector<v1::Job>& jobs) {
  Table table{.columns = {{"id"},
                          {"name"},
                          {"state"},
                          {"cases_done", Audience::kAll, true},
                          {"cases_total", Audience::kAll, true},
                          {"cases_ok", Audience::kWide, true},
                          {"attempts", Audience::kWide, true},
                          {"priority", Audience::kWide, true},
                          {"submit_time"},
                          {"start_time", Audience::kWide},
                          {"end_time", Audience::kWide},
                          {"workers", Audience::kWide},
                          {"operators"},
                          {"detail"}},
              .rows = {},
              .empty = "no jobs; submit one with 'basisbench run'"};
  for (const v1::Job& job : jobs) {
    table.rows.push_back({{Json(job.id()), Json(job.spec().name()), Json(StateName(job.state())),
                           Json(job.cases_done()), Json(job.cases_total()), Json(job.cases_ok()),
                           Json(job.attempts()), Json(job.spec().priority()),
                           TimeCell(job.has_submit_time(), job.submit_time()),
                           TimeCell(job.has_start_time(), job.start_time()),
                           TimeCell(job.has_end_time(), job.end_time()), List(job.workers()),
                           Json(OperatorsOf(job.spec())), Json(job.detail())},
                          ""});
  }
  return table;
}

Table WorkerTable(const std::vector<v1::WorkerInfo>& workers) {
  Table table{.columns = {{"name"},
                          {"state"},
                          {"address"},
                          {"slots_used", Audience::kAll, true},
                          {"slots", Audience::kAll, true},
                          {"cpus", Audience::kAll, true},
                          {"memory_bytes", Audience::kAll, true, "MEMORY"},
                          {"gpus", Audience::kAll, true},
                          {"backends"},
                          {"cpu_model"},
                          {"gpu_models", Audience::kWide},
                          {"numa_nodes", Audience::kWide, true},
                          {"last_level_cache_bytes", Audience::kWide, true, "LAST CACHE"},
                          {"http_port", Audience::kWide, true},
                          {"last_seen", Audience::kWide},
                          {"version", Audience::kWide},
                          {"attempts", Audience::kWide}},
              .rows = {},
              .empty = "no workers attached; 'basisbench local up' starts some here"};
  for (const v1::WorkerInfo& worker : workers) {
    const v1::Inventory& has = worker.inventory();
    auto bytes = [](int64_t value) {
      return value > 0 ? Cell(Json(value), HumanBytes(static_cast<double>(value))) : Cell();
    };
    table.rows.push_back(
        {{Json(worker.name()), Json(WorkerStateName(worker.state())), Json(worker.address()),
          Json(worker.slots_used()), Json(worker.slots()), Json(has.cpus_size()),
          bytes(has.memory_bytes()), Json(has.gpus_size()), List(worker.backends()),
          Json(has.cpu_model()), GpuModels(has), Json(has.numa_nodes()),
          bytes(has.last_level_cache_bytes()), Json(worker.http_port()),
          TimeCell(worker.has_last_seen(), worker.last_seen()), Json(worker.version()),
          List(worker.attempts())},
         ""});
  }
  return table;
}

Table OperatorTable(const std::vector<v1::OperatorInfo>& operators) {
  Table table{.columns = {{"name"},
                          {"family"},
                          {"axis"},
                          {"parameters"},
                          {"shardings"},
                          {"dtypes"},
                          {"directions", Audience::kWide},
                          {"flops_formula", Audience::kWide},
                          {"formula"},
                          {"source", Audience::kWide}},
              .rows = {},
              .empty = "no operators known; a worker must attach first"};
  for (const v1::OperatorInfo& info : operators) {
    Json parameters = Json::array();
    for (const v1::ParameterInfo& p : info.parameters()) parameters.push_back(p.name());
    table.rows.push_back({{Json(info.name()), Json(info.family()), Json(info.axis()), parameters,
                           List(info.shardings()), List(info.dtypes()), List(info.directions()),
                           Json(info.flops_formula()), Json(info.formula()), Json(info.source())},
                          ""});
  }
  return table;
}

Table PresetTable(const std::vector<v1::PresetInfo>& presets) {
  Table table{.columns = {{"name"},
                          {"parameters_billion", Audience::kAll, true},
                          {"layers", Audience::kAll, true},
                          {"hidden", Audience::kAll, true},
                          {"ffn", Audience::kAll, true},
                          {"heads", Audience::kAll, true},
                          {"kv_heads", Audience::kWide, true},
                          {"head_dim", Audience::kWide, true},
                          {"vocab", Audience::kWide, true},
                          {"experts", Audience::kAll, true},
                          {"experts_active", Audience::kWide, true},
                          {"sites"},
                          {"source", Audience::kWide}},
              .rows = {},
              .empty = "no presets"};
  for (const v1::PresetInfo& p : presets) {
    Json sites = Json::array();
    for (const v1::SiteInfo& site : p.sites()) sites.push_back(site.name());
    table.rows.push_back(
        {{Json(p.name()), Json(p.parameters_billion()), Json(p.layers()), Json(p.hidden()),
          Json(p.ffn()), Json(p.heads()), Json(p.kv_heads()), Json(p.head_dim()), Json(p.vocab()),
          Json(p.experts()), Json(p.experts_active()), sites, Json(p.source())},
         ""});
  }
  return table;
}

}  // namespace basisbench
