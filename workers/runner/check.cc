// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/check.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/backends.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "services/base/version.h"
#include "workers/operators/registry.h"
#include "workers/runner/convert.h"
#include "workers/runner/framing.h"
#include "workers/runner/rank_device.h"
#include "workers/runner/resolve_case.h"
#include "workers/runner/sharding_choice.h"

namespace basisbench {
namespace {

void FillInfo(const OperatorDescription& description, v1::OperatorInfo* info) {
  info->set_name(description.name);
  info->set_family(description.family);
  info->set_axis(description.axis);
  info->set_formula(description.formula);
  info->set_source(description.source);
  info->set_flops_formula(description.flops_formula);
  for (const ParameterDescription& parameter : description.parameters) {
    v1::ParameterInfo* message = info->add_parameters();
    message->set_name(parameter.name);
    message->set_description(parameter.description);
    message->set_default_value(parameter.default_value);
    message->set_minimum(parameter.minimum);
    message->set_maximum(parameter.maximum);
  }
  for (const std::string& sharding : description.shardings) info->add_shardings(sharding);
  for (Dtype dtype : description.dtypes) info->add_dtypes(std::string(DtypeName(dtype)));
  for (const std::string& direction : description.directions) info->add_directions(direction);
}

v1::CheckedCase CheckCase(const v1::Case& spec) {
  v1::CheckedCase checked;
  checked.set_index(spec.index());
  const std::vector<std::string> built = BuiltBackends();
  const std::string backend = spec.backend().empty() ? kCpuMpi : spec.backend();
  if (std::find(built.begin(), built.end(), backend) == built.end()) {
    checked.set_refusal(
        absl::StrCat("no backend '", backend, "' here; have: ", absl::StrJoin(built, ", ")));
    return checked;
  }
  auto resolved = ResolveCase(spec, backend);
  if (!resolved.ok()) {
    checked.set_refusal(std::string(resolved.status().message()));
    return checked;
  }
  *checked.mutable_cost() = CostMessage(resolved->cost);
  const std::vector<v1::ShardingChoice> choices = ShardingChoices(resolved->options, nullptr);
  checked.mutable_sharding_choices()->Add(choices.begin(), choices.end());
  *checked.mutable_resolved() = std::move(resolved->spec);
  return checked;
}

}  // namespace

v1::OperatorCatalogue Describe() {
  v1::OperatorCatalogue catalogue;
  for (const Operator* op : AllOperators()) FillInfo(op->description(), catalogue.add_operators());
  for (const std::string& backend : BuiltBackends()) catalogue.add_backends(backend);
  catalogue.set_method_version(kMethodVersion);
  catalogue.set_build(kVersion);
  return catalogue;
}

v1::CheckReply CheckCases(const v1::CheckRequest& request) {
  v1::CheckReply reply;
  for (const v1::Case& spec : request.cases()) *reply.add_cases() = CheckCase(spec);
  return reply;
}

absl::Status CheckOnce(int in, int out) {
  BB_ASSIGN_OR_RETURN(const std::string bytes, ReadAll(in));
  v1::CheckRequest request;
  if (!request.ParseFromString(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ", bytes.size(), " bytes read are not a CheckRequest"));
  }
  const std::string reply = CheckCases(request).SerializeAsString();
  return WriteAll(out, reply.data(), reply.size());
}

absl::Status ServeChecks(int in, int out) {
  while (true) {
    BB_ASSIGN_OR_RETURN(const auto frame, ReadFrame(in));
    if (!frame) return absl::OkStatus();
    v1::CheckRequest request;
    if (!request.ParseFromString(*frame)) {
      Log(LogLevel::kWarning, "runner", "frame is not a CheckRequest", {{"bytes", frame->size()}});
      request.clear_cases();
    }
    BB_RETURN_IF_ERROR(WriteFrame(out, CheckCases(request).SerializeAsString()));
  }
}

}  // namespace basisbench
