// SPDX-License-Identifier: Apache-2.0
// Flags that coordinator and worker share, with one name, help and environment variable each.
#pragma once

#include "CLI/CLI.hpp"
#include "services/base/log.h"
#include "services/base/rpc/security.h"

namespace basisbench {

// --tls-cert, --tls-key, --tls-ca, --token-file, --insecure. `security` outlives the parsing.
void AddSecurityFlags(CLI::App& app, SecurityOptions& security);

// --log-level. `level` outlives the parsing.
void AddLogLevelFlag(CLI::App& app, LogLevel& level);

}  // namespace basisbench
