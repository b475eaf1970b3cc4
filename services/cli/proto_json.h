// SPDX-License-Identifier: Apache-2.0
// Messages as JSON for people and scripts: field names as in the contract, 64-bit integers as
// numbers, times in ISO 8601, an unset message or optional field absent. Reading back goes through
// spec_file.h.
#pragma once

#include "google/protobuf/message.h"
#include "services/cli/table.h"

namespace basisbench {

enum class Defaults { kKeep, kDrop };

// With kDrop, fields at their default (empty text, 0, empty lists) are left out.
Json ToJson(const google::protobuf::Message& message, Defaults defaults);

}  // namespace basisbench
