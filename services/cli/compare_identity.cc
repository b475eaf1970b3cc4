// SPDX-License-Identifier: Apache-2.0
#include "services/cli/compare_identity.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/spec_text.h"

namespace basisbench {

std::string CaseIdentity(const v1::Case& c, const IdentityOptions& options) {
  std::string identity = absl::StrJoin({ShapeText(c.shape()), c.dtype(), c.direction(), c.backend(),
                                        c.cache(), c.input(), c.preset(), c.site(), c.phase()},
                                       "|");
  if (options.with_operator) {
    absl::StrAppend(&identity, "|", OperatorText(c.operator_()), "|", c.sharding());
  }
  if (options.with_ranks) absl::StrAppend(&identity, "|", c.ranks());
  if (options.with_grid) absl::StrAppend(&identity, "@", c.grid());
  return identity;
}

}  // namespace basisbench
