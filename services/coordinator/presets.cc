// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/presets.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"
#include "services/coordinator/csv.h"
#include "services/coordinator/did_you_mean.h"

namespace basisbench {
namespace {

constexpr absl::string_view kHeader =
    "name,params_b,layers,hidden,ffn,heads,kv_heads,head_dim,vocab,experts,experts_active,source";
constexpr size_t kColumns = 12;

// What of a decoder layer a family leaves out.
bool HasAttention(absl::string_view name) { return !absl::StartsWith(name, "fnet-"); }
bool HasGate(absl::string_view name) {
  return !absl::StartsWith(name, "gpt2-") && !absl::StartsWith(name, "bert-") &&
         !absl::StartsWith(name, "fnet-");
}

void AddSite(v1::PresetInfo& preset, const char* name, int64_t d_in, int64_t d_out,
             double per_layer) {
  v1::SiteInfo* site = preset.add_sites();
  site->set_name(name);
  site->set_d_in(d_in);
  site->set_d_out(d_out);
  site->set_calls_per_layer(per_layer);
  site->set_calls_per_model(per_layer * static_cast<double>(preset.layers()));
  site->set_axis("channel");
}

void AddSites(v1::PresetInfo& preset) {
  const int64_t hidden = preset.hidden();
  const auto experts = static_cast<double>(preset.experts_active());
  if (HasAttention(preset.name())) {
    AddSite(preset, "q", hidden, preset.heads() * preset.head_dim(), 1);
    AddSite(preset, "k", hidden, preset.kv_heads() * preset.head_dim(), 1);
    AddSite(preset, "v", hidden, preset.kv_heads() * preset.head_dim(), 1);
    AddSite(preset, "o", preset.heads() * preset.head_dim(), hidden, 1);
  }
  if (HasGate(preset.name())) AddSite(preset, "gate", hidden, preset.ffn(), experts);
  AddSite(preset, "up", hidden, preset.ffn(), experts);
  AddSite(preset, "down", preset.ffn(), hidden, experts);
  AddSite(preset, "head", hidden, preset.vocab(), 0);
  preset.mutable_sites(preset.sites_size() - 1)->set_calls_per_model(1);
  AddSite(preset, "mix", hidden, hidden, 1);
  preset.mutable_sites(preset.sites_size() - 1)->set_axis("token");
}

absl::StatusOr<v1::PresetInfo> ParseRow(const std::vector<std::string>& fields) {
  if (fields.size() != kColumns) {
    return absl::InvalidArgumentError(
        absl::StrCat(fields.size(), " columns instead of ", kColumns));
  }
  if (fields[0].empty()) return absl::InvalidArgumentError("name is empty");
  v1::PresetInfo preset;
  preset.set_name(fields[0]);
  double billions = 0;
  if (!absl::SimpleAtod(fields[1], &billions) || !(billions > 0)) {
    return absl::InvalidArgumentError(absl::StrCat("params_b is '", fields[1], "'"));
  }
  preset.set_parameters_billion(billions);
  const std::pair<const char*, void (v1::PresetInfo::*)(int64_t)> columns[] = {
      {"layers", &v1::PresetInfo::set_layers},
      {"hidden", &v1::PresetInfo::set_hidden},
      {"ffn", &v1::PresetInfo::set_ffn},
      {"heads", &v1::PresetInfo::set_heads},
      {"kv_heads", &v1::PresetInfo::set_kv_heads},
      {"head_dim", &v1::PresetInfo::set_head_dim},
      {"vocab", &v1::PresetInfo::set_vocab},
      {"experts", &v1::PresetInfo::set_experts},
      {"experts_active", &v1::PresetInfo::set_experts_active}};
  size_t column = 2;
  for (const auto& [name, set] : columns) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(fields[column], &value) || value < 1 || value > (int64_t{1} << 40)) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is '", fields[column], "'"));
    }
    (preset.*set)(value);
    ++column;
  }
  preset.set_source(fields[column]);
  AddSites(preset);
  return preset;
}

}  // namespace

absl::StatusOr<Presets> Presets::Parse(absl::string_view csv) {
  Presets presets;
  int line_number = 0;
  for (absl::string_view line : absl::StrSplit(csv, '\n')) {
    ++line_number;
    if (absl::EndsWith(line, "\r")) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line_number == 1) {
      if (line != kHeader)
        return absl::InvalidArgumentError(absl::StrCat("line 1 is not '", kHeader, "'"));
      continue;
    }
    absl::StatusOr<std::vector<std::string>> fields = SplitCsvLine(line);
    absl::StatusOr<v1::PresetInfo> preset = fields.ok() ? ParseRow(*fields) : fields.status();
    if (!preset.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line_number, ": ", preset.status().message()));
    }
    if (presets.Find(preset->name()).ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line_number, ": '", preset->name(), "' is there twice"));
    }
    presets.presets_.push_back(*std::move(preset));
  }
  if (presets.presets_.empty()) return absl::InvalidArgumentError("the table has no rows");
  return presets;
}

const Presets& Presets::Builtin() {
  static const Presets* const builtin = [] {
    absl::StatusOr<Presets> parsed = Parse(kModelsCsv);
    if (!parsed.ok()) {
      std::fprintf(stderr, "embedded models.csv: %s\n", parsed.status().ToString().c_str());
      std::abort();
    }
    return new Presets(*std::move(parsed));
  }();
  return *builtin;
}

absl::StatusOr<const v1::PresetInfo*> Presets::Find(absl::string_view name) const {
  std::vector<std::string> names;
  for (const v1::PresetInfo& preset : presets_) {
    if (absl::string_view(preset.name()) == name) return &preset;
    names.push_back(preset.name());
  }
  return absl::NotFoundError(absl::StrCat("no preset ", Quote(name), KnownNames(name, names)));
}

}  // namespace basisbench
