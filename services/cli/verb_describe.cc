// SPDX-License-Identifier: Apache-2.0
// describe job|worker|operator|preset NAME: everything that is known about one.
#include <memory>

#include "services/base/status_macros.h"
#include "services/cli/lookup.h"
#include "services/cli/proto_json.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

using Describer = absl::StatusOr<Json> (*)(Client&, const std::string&);

absl::StatusOr<Json> DescribeJob(Client& client, const std::string& name) {
  BB_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(name));
  return ToJson(job, Defaults::kDrop);
}

absl::StatusOr<Json> DescribeWorker(Client& client, const std::string& name) {
  BB_ASSIGN_OR_RETURN(const auto all, client.ListWorkers());
  BB_ASSIGN_OR_RETURN(const auto worker, FindNamed("worker", name, all));
  return ToJson(worker, Defaults::kDrop);
}

absl::StatusOr<Json> DescribeOperator(Client& client, const std::string& name) {
  BB_ASSIGN_OR_RETURN(const auto all, client.ListOperators());
  BB_ASSIGN_OR_RETURN(const auto info, FindNamed("operator", name, all));
  return ToJson(info, Defaults::kDrop);
}

absl::StatusOr<Json> DescribePreset(Client& client, const std::string& name) {
  BB_ASSIGN_OR_RETURN(const auto all, client.ListPresets(""));
  BB_ASSIGN_OR_RETURN(const auto info, FindNamed("preset", name, all));
  return ToJson(info, Defaults::kDrop);
}

int Describe(Context& context, const std::string& name, Describer describer,
             const std::string& name_key) {
  const auto client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  const auto value = describer(**client, name);
  if (!value.ok()) return context.Fail(value.status());
  PrintDocument(*value, name_key, context.print_options(), context.out());
  return kExitOk;
}

}  // namespace

void AddDescribeVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("describe", "Show everything about one thing");
  verb->require_subcommand(1);
  auto name = std::make_shared<std::string>();
  auto add = [&](const char* noun, const char* plural, const char* help, Describer describer) {
    CLI::App* kind = verb->add_subcommand(noun, help);
    kind->alias(plural);
    kind->add_option("name", *name, "Its name")->required();
    const std::string name_key = std::string(noun) == "job" ? "id" : "name";
    kind->callback([&context, name, describer, name_key] {
      context.action = [&context, name, describer, name_key] {
        return Describe(context, *name, describer, name_key);
      };
    });
  };
  add("job", "jobs", "A job with its specification", DescribeJob);
  add("worker", "workers", "A worker with its inventory", DescribeWorker);
  add("operator", "operators", "An operator with its parameters", DescribeOperator);
  add("preset", "presets", "A model with its sites", DescribePreset);
}

}  // namespace basisbench
