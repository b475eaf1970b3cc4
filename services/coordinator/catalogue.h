// SPDX-License-Identifier: Apache-2.0
// What the attached workers offer, as one immutable value: the union of their operators, their
// backends, and the build that answers for them. Made anew when a worker with another catalogue
// attaches; any thread may hold one.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "basisbench/v1/operator.pb.h"

namespace basisbench {

// The limits of one attached worker, as far as expansion asks.
struct WorkerCapacity {
  uint32_t slots = 0;
  int64_t memory_bytes = 0;  // 0: unknown
};

struct Catalogue {
  std::vector<v1::OperatorInfo> operators;  // sorted by name
  std::vector<std::string> backends;

  // nullptr when there is none of that name.
  const v1::OperatorInfo* Find(absl::string_view name) const;
  std::vector<std::string> Names() const;
};

// Adds what `added` has; of two descriptions of one name, that of `added` is kept.
void MergeInto(Catalogue& catalogue, const v1::OperatorCatalogue& added);

// INVALID_ARGUMENT naming the field, when a worker's catalogue cannot be used: a name that is empty
// or twice, an operator without shardings, dtypes or directions, an unknown axis.
absl::Status ValidateCatalogue(const v1::OperatorCatalogue& catalogue);

// INVALID_ARGUMENT naming the field: a worker offers at least one backend, none twice, all of one
// device.
absl::Status ValidateBackends(const v1::OperatorCatalogue& catalogue);

}  // namespace basisbench
