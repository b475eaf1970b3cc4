// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/convert.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/backends.h"
#include "services/base/status_macros.h"
#include "workers/runner/run_context.h"

namespace basisbench {
namespace {

// Far above anything that fits a machine; below it no product of two sizes overflows.
constexpr int64_t kLargestSize = int64_t{1} << 31;
constexpr double kMostElements = 1LL << 46;
constexpr uint32_t kMostRanks = 16384;

absl::Status CheckSize(absl::string_view field, int64_t value) {
  if (value >= 1 && value <= kLargestSize) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("shape.", field, " is ", value, "; must be between 1 and ", kLargestSize));
}

absl::Status CheckShape(const v1::Shape& shape) {
  BB_RETURN_IF_ERROR(CheckSize("tokens", shape.tokens()));
  BB_RETURN_IF_ERROR(CheckSize("d_in", shape.d_in()));
  BB_RETURN_IF_ERROR(CheckSize("d_out", shape.d_out()));
  const double n = shape.tokens(), k = shape.d_in(), m = shape.d_out();
  const double elements = std::max({n * k, k * m, n * m});
  if (elements <= kMostElements) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("shape ", shape.tokens(), "x", shape.d_in(), "x",
                                                 shape.d_out(), " has a matrix of ", elements,
                                                 " elements; at most ", kMostElements));
}

void SetDefault(const std::string& value, std::string* field) {
  if (field->empty()) *field = value;
}

}  // namespace

void FillCaseDefaults(const std::string& backend, v1::Case* spec) {
  SetDefault("f32", spec->mutable_dtype());
  SetDefault("forward", spec->mutable_direction());
  SetDefault("hot", spec->mutable_cache());
  SetDefault("normal", spec->mutable_input());
  SetDefault(backend, spec->mutable_backend());
  if (spec->shape().d_out() == 0) spec->mutable_shape()->set_d_out(spec->shape().d_in());
}

absl::StatusOr<Problem> ProblemOf(const v1::Case& spec) {
  BB_RETURN_IF_ERROR(CheckShape(spec.shape()));
  if (spec.ranks() < 1 || spec.ranks() > kMostRanks) {
    return absl::InvalidArgumentError(
        absl::StrCat("ranks is ", spec.ranks(), "; must be between 1 and ", kMostRanks));
  }
  if (spec.cache() != "hot" && spec.cache() != "cold") {
    return absl::InvalidArgumentError(
        absl::StrCat("no cache state '", spec.cache(), "'; have: hot, cold"));
  }
  BB_RETURN_IF_ERROR(ParseDistribution(spec.input()).status());
  Problem problem;
  BB_ASSIGN_OR_RETURN(problem.dtype, ParseDtype(spec.dtype()));
  problem.operator_name = spec.operator_().name();
  problem.parameters = {spec.operator_().parameters().begin(), spec.operator_().parameters().end()};
  problem.shape = {spec.shape().tokens(), spec.shape().d_in(), spec.shape().d_out()};
  problem.direction = spec.direction();
  problem.sharding = spec.sharding();
  problem.ranks = static_cast<int>(spec.ranks());
  problem.grid = spec.grid();
  return problem;
}

void EchoResolved(const Problem& resolved, v1::Case* spec) {
  auto& parameters = *spec->mutable_operator_()->mutable_parameters();
  parameters.clear();
  for (const auto& [name, value] : resolved.parameters) parameters[name] = value;
  spec->mutable_shape()->set_d_out(resolved.shape.d_out);
  spec->set_sharding(resolved.sharding);
  spec->set_grid(resolved.grid);
}

int64_t BytesSent(const TrafficTable& table) {
  int64_t bytes = 0;
  for (const Traffic& traffic : table) bytes += traffic.bytes_sent;
  return bytes;
}

int64_t MessagesSent(const TrafficTable& table) {
  int64_t messages = 0;
  for (const Traffic& traffic : table) messages += traffic.messages_sent;
  return messages;
}

TrafficTable MostLoaded(const std::vector<TrafficTable>& tables) {
  const auto most = std::max_element(
      tables.begin(), tables.end(),
      [](const TrafficTable& a, const TrafficTable& b) { return BytesSent(a) < BytesSent(b); });
  return most == tables.end() ? TrafficTable{} : *most;
}

void AppendTraffic(const TrafficTable& table, bool timed,
                   google::protobuf::RepeatedPtrField<v1::CollectiveTraffic>* out) {
  for (int i = 0; i < kCollectiveCount; ++i) {
    const Traffic& traffic = table[static_cast<size_t>(i)];
    if (traffic.calls == 0) continue;
    v1::CollectiveTraffic* message = out->Add();
    const absl::string_view name = CollectiveName(static_cast<Collective>(i));
    message->set_collective(name.data(), name.size());
    message->set_calls(traffic.calls);
    message->set_bytes_sent(traffic.bytes_sent);
    message->set_messages_sent(traffic.messages_sent);
    if (timed) message->set_seconds(traffic.seconds);
  }
}

v1::Cost CostMessage(const OperatorCost& cost) {
  v1::Cost message;
  message.set_parameters(cost.parameters);
  message.set_flops_executed(cost.flops_executed);
  message.set_flops_effective(cost.flops_effective);
  message.set_bytes_min(cost.bytes_min);
  if (!cost.memory_bytes.empty()) {
    message.set_bytes_per_rank(
        *std::max_element(cost.memory_bytes.begin(), cost.memory_bytes.end()));
  }
  AppendTraffic(MostLoaded(cost.traffic), false, message.mutable_traffic());
  int64_t bytes = 0, messages = 0;
  for (const TrafficTable& table : cost.traffic) {
    bytes += BytesSent(table);
    messages += MessagesSent(table);
  }
  message.set_wire_bytes_total(bytes);
  message.set_wire_messages_total(messages);
  if (cost.wire_bytes_lower_bound) {
    message.set_wire_bytes_lower_bound(*cost.wire_bytes_lower_bound);
    message.set_lower_bound_source(cost.lower_bound_source);
  }
  return message;
}

v1::Summary SummaryMessage(const SampleSummary& summary) {
  v1::Summary message;
  message.set_count(static_cast<uint32_t>(summary.count));
  message.set_min(summary.min);
  message.set_q1(summary.q1);
  message.set_median(summary.median);
  message.set_q3(summary.q3);
  message.set_max(summary.max);
  message.set_mean(summary.mean);
  if (summary.stddev) message.set_stddev(*summary.stddev);
  if (summary.median_ci_low) message.set_median_ci_low(*summary.median_ci_low);
  if (summary.median_ci_high) message.set_median_ci_high(*summary.median_ci_high);
  if (summary.p90) message.set_p90(*summary.p90);
  if (summary.p99) message.set_p99(*summary.p99);
  if (summary.p999) message.set_p999(*summary.p999);
  return message;
}

std::string OperatorLabel(const v1::OperatorSpec& spec) {
  if (spec.parameters().empty()) return spec.name();
  // A protobuf map has no order; a label needs one.
  std::vector<std::string> parameters;
  for (const auto& [name, value] : spec.parameters()) {
    parameters.push_back(absl::StrCat(name, "=", value));
  }
  std::sort(parameters.begin(), parameters.end());
  return absl::StrCat(spec.name(), "{", absl::StrJoin(parameters, ","), "}");
}

std::string CaseLabel(const v1::Case& spec) {
  return absl::StrCat(OperatorLabel(spec.operator_()), " ", spec.shape().tokens(), "x",
                      spec.shape().d_in(), "x", spec.shape().d_out(), " ", spec.dtype());
}

std::string ReproduceCommand(const v1::Case& spec) {
  std::string command =
      absl::StrCat("basisbench run --operators '", OperatorLabel(spec.operator_()), "' --shape ",
                   spec.shape().tokens(), "x", spec.shape().d_in(), "x", spec.shape().d_out(),
                   " --dtype ", spec.dtype(), " --ranks ", spec.ranks(), " --sharding ",
                   spec.sharding(), " --cache ", spec.cache(), " --seed ", spec.seed());
  if (spec.direction() != "forward") absl::StrAppend(&command, " --direction ", spec.direction());
  if (!spec.grid().empty()) absl::StrAppend(&command, " --grid ", spec.grid());
  if (spec.input() != "normal") absl::StrAppend(&command, " --input ", spec.input());
  // Ranks within one process are a developer's; a user repeats them over MPI.
  const bool named = spec.backend() != kCpuMpi && spec.backend() != kLocalBackend;
  if (named) absl::StrAppend(&command, " --backend ", spec.backend());
  return command;
}

}  // namespace basisbench
