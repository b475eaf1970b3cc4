// SPDX-License-Identifier: Apache-2.0
// The operators of this binary. Filled before main by the last line of each operator file,
// read-only afterwards.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "workers/operators/operator.h"

namespace basisbench {

// Registers at construction. A second operator of the same name aborts the program.
struct RegisterOperator {
  explicit RegisterOperator(std::unique_ptr<Operator> op);
};

// Sorted by name.
std::vector<const Operator*> AllOperators();

// NOT_FOUND: "no operator 'fwht'; have: fnet, gate, ...".
absl::StatusOr<const Operator*> FindOperator(absl::string_view name);

}  // namespace basisbench
