// SPDX-License-Identifier: Apache-2.0
// Every family the score knows, by the name of the operator that applies it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "workers/expressiveness/catalogue_entry.h"

namespace basisbench {

// In the order tables show them.
const std::vector<CatalogueEntry>& FamilyCatalogue();

std::vector<std::string> FamilyNames();

// INVALID_ARGUMENT listing the known names; UNIMPLEMENTED with the reason for operators that are no
// fixed set of matrices. Lives as long as the program.
absl::StatusOr<const CatalogueEntry*> FindFamily(absl::string_view name);

}  // namespace basisbench
