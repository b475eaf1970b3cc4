// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/registry.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace basisbench {
namespace {

// A function-local static, since registration runs before main in no particular order of files.
std::map<std::string, std::unique_ptr<Operator>>& Registered() {
  static auto& operators = *new std::map<std::string, std::unique_ptr<Operator>>();
  return operators;
}

}  // namespace

RegisterOperator::RegisterOperator(std::unique_ptr<Operator> op) {
  const std::string name = op->description().name;
  if (!Registered().emplace(name, std::move(op)).second) {
    std::fprintf(stderr, "operator '%s' is registered twice\n", name.c_str());
    std::abort();
  }
}

std::vector<const Operator*> AllOperators() {
  std::vector<const Operator*> all;
  for (const auto& [name, op] : Registered()) all.push_back(op.get());
  return all;
}

absl::StatusOr<const Operator*> FindOperator(absl::string_view name) {
  const auto found = Registered().find(std::string(name));
  if (found != Registered().end()) return found->second.get();
  std::vector<std::string> known;
  for (const auto& [known_name, op] : Registered()) known.push_back(known_name);
  return absl::NotFoundError(
      absl::StrCat("no operator '", name, "'; have: ", absl::StrJoin(known, ", ")));
}

}  // namespace basisbench
