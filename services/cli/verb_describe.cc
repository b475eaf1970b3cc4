// SPDX-License-Identifier: Apache-2.0
// describe job|case|worker|operator|preset NAME: everything that is known about one.
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/case_document.h"
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

// JOB/INDEX, as the record and what follows from it.
absl::StatusOr<Json> DescribeCase(Client& client, const std::string& name) {
  const size_t slash = name.rfind('/');
  uint32_t index = 0;
  if (slash == std::string::npos || !absl::SimpleAtoi(name.substr(slash + 1), &index)) {
    return AsUsage(absl::InvalidArgumentError(
        absl::StrCat("'", name, "' is not a case; expected JOB/INDEX, e.g. 1m872w9d9wn1nyx/0")));
  }
  const std::string job = name.substr(0, slash);
  BB_ASSIGN_OR_RETURN(const auto results, client.ListResults(job, /*omit_samples=*/true));
  for (const v1::CaseResult& result : results) {
    if (result.case_().index() == index) return CaseDocument(result);
  }
  return absl::NotFoundError(absl::StrCat("job ", job, " has no record of case ", index, " (",
                                          results.size(), " so far)"));
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
  verb->footer("Example: basisbench describe operator matmul");
  auto add = [&](const std::string& noun, const char* help, const char* example,
                 Describer describer) {
    CLI::App* kind = verb->add_subcommand(noun, help);
    kind->alias(noun + "s");
    const bool is_case = noun == "case";
    kind->add_option("name", *name, is_case ? "JOB/INDEX" : "Its name")->required();
    const std::string name_key = noun == "job" ? "id" : is_case ? "reproduce" : "name";
    kind->footer("Example: basisbench describe " + noun + " " + example);
    kind->callback([&context, name, describer, name_key] {
      context.action = [&context, name, describer, name_key] {
        return Describe(context, *name, describer, name_key);
      };
    });
  };
  add("job", "A job with its specification", "1m872w9d9wn1nyx", DescribeJob);
  add("case", "The record of one case, with what follows from it", "1m872w9d9wn1nyx/0",
      DescribeCase);
  add("worker", "A worker with its inventory", "local-1", DescribeWorker);
  add("operator", "An operator with its parameters", "matmul", DescribeOperator);
  add("preset", "A model with its sites", "gpt2-small", DescribePreset);
}

}  // namespace basisbench
