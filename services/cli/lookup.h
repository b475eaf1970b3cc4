// SPDX-License-Identifier: Apache-2.0
// Finding one thing by name among those the coordinator lists.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/cli/text.h"

namespace basisbench {

// NOT_FOUND naming the thing, with the nearest name when there is one.
template <typename T>
absl::StatusOr<T> FindNamed(const char* kind, const std::string& name, const std::vector<T>& all) {
  std::vector<std::string> names;
  for (const T& item : all) {
    if (item.name() == name) return item;
    names.push_back(item.name());
  }
  return absl::NotFoundError(absl::StrCat("no ", kind, " '", name, "'", DidYouMean(name, names)));
}

}  // namespace basisbench
