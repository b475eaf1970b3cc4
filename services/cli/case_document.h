// SPDX-License-Identifier: Apache-2.0
// Everything known about one case as one document. Pure.
#pragma once

#include "basisbench/v1/result.pb.h"
#include "services/cli/table.h"

namespace basisbench {

// The record without raw samples, preceded by `derived`, each figure the tables compute or null,
// and `not_measured`, why it is null.
Json CaseDocument(const v1::CaseResult& result);

}  // namespace basisbench
