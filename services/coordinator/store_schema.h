// SPDX-License-Identifier: Apache-2.0
// The tables of the store and how older files are brought up to date. Used once, when the store is
// opened.
#pragma once

#include "absl/status/status.h"
#include "services/coordinator/sqlite.h"

namespace basisbench {

// Version of the tables this build writes.
int StoreSchemaVersion();

// Brings the tables to that version, one transaction per step. FAILED_PRECONDITION when the file
// was written by a newer build, which must not be touched.
absl::Status MigrateStore(Database& database);

}  // namespace basisbench
