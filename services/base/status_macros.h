// SPDX-License-Identifier: Apache-2.0
// Early return on a failed absl::Status or absl::StatusOr. The only macros of the project besides
// those of tests.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define BB_RETURN_IF_ERROR(expression)                                            \
  do {                                                                            \
    if (absl::Status bb_status = (expression); !bb_status.ok()) return bb_status; \
  } while (false)

#define BB_CONCAT_INNER(a, b) a##b
#define BB_CONCAT(a, b) BB_CONCAT_INNER(a, b)

// BB_ASSIGN_OR_RETURN(auto value, Function());
#define BB_ASSIGN_OR_RETURN(declaration, expression) \
  BB_ASSIGN_OR_RETURN_IMPL(BB_CONCAT(bb_status_or_, __LINE__), declaration, expression)
#define BB_ASSIGN_OR_RETURN_IMPL(status_or, declaration, expression) \
  auto status_or = (expression);                                     \
  if (!status_or.ok()) return status_or.status();                    \
  declaration = std::move(status_or).value()
