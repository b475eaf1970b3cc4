// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/environment.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/base/version.h"
#include "workers/measure/conditions.h"
#include "workers/runner/control.h"

namespace basisbench {
namespace {

v1::Environment OwnEnvironment(const RunContext& context) {
  v1::Environment environment;
  const Conditions conditions = ReadConditions();
  v1::NodeConditions* node = environment.add_nodes();
  node->set_worker(context.worker);
  node->set_hostname(conditions.hostname);
  node->set_cpu_model(conditions.cpu_model);
  node->set_affinity(conditions.affinity);
  node->set_load_average(conditions.load_average);
  node->set_governor(conditions.governor);
  node->set_numa_nodes(static_cast<uint32_t>(conditions.numa_nodes));
  node->set_rank(static_cast<uint32_t>(context.world.rank()));
  if (context.gpu != nullptr) *node->mutable_gpu() = DescribeGpu(*context.gpu);
  auto& libraries = *environment.mutable_libraries();
  for (const auto& [name, version] : context.device.Libraries()) libraries[name] = version;
  for (const auto& [name, version] : context.libraries) libraries[name] = version;
  auto& variables = *environment.mutable_variables();
  for (const auto& [name, value] : RelevantEnvironment()) variables[name] = value;
  environment.set_build(kVersion);
  environment.set_method_version(kMethodVersion);
  environment.set_observed_ranks(static_cast<uint32_t>(context.world.size()));
  return environment;
}

using StringMap = google::protobuf::Map<std::string, std::string>;

void MergeMap(const StringMap& from, size_t rank, StringMap* into) {
  for (const auto& [name, value] : from) {
    const auto [found, is_new] = into->insert({name, value});
    if (!is_new && found->second != value)
      (*into)[absl::StrCat(name, " [rank ", rank, "]")] = value;
  }
}

}  // namespace

v1::Environment MergeEnvironments(const std::vector<v1::Environment>& ranks) {
  v1::Environment merged = ranks.front();
  for (size_t rank = 1; rank < ranks.size(); ++rank) {
    *merged.add_nodes() = ranks[rank].nodes(0);
    MergeMap(ranks[rank].libraries(), rank, merged.mutable_libraries());
    MergeMap(ranks[rank].variables(), rank, merged.mutable_variables());
  }
  return merged;
}

void BeginConditions(RunContext& context) {
  if (context.gpu != nullptr) BeginWatching(*context.gpu);
}

absl::Status EndConditions(RunContext& context) {
  if (context.gpu == nullptr) return absl::OkStatus();
  const v1::GpuConditions mine = EndWatching(*context.gpu);
  BB_ASSIGN_OR_RETURN(const std::vector<std::string> all,
                      GatherBytes(context.world, mine.SerializeAsString()));
  if (!context.is_root()) return absl::OkStatus();
  for (int rank = 0; rank < context.environment.nodes_size(); ++rank) {
    v1::GpuConditions* gpu = context.environment.mutable_nodes(rank)->mutable_gpu();
    if (!gpu->ParseFromString(all[static_cast<size_t>(rank)])) {
      return absl::InternalError(absl::StrCat("rank ", rank, " sent no readable GPU conditions"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Environment> GatherEnvironment(RunContext& context) {
  BB_ASSIGN_OR_RETURN(const std::vector<std::string> all,
                      GatherBytes(context.world, OwnEnvironment(context).SerializeAsString()));
  std::vector<v1::Environment> ranks(all.size());
  for (size_t rank = 0; rank < all.size(); ++rank) {
    if (!ranks[rank].ParseFromString(all[rank]) || ranks[rank].nodes_size() != 1) {
      return absl::InternalError(absl::StrCat("rank ", rank, " sent no readable environment"));
    }
  }
  return MergeEnvironments(ranks);
}

}  // namespace basisbench
