// SPDX-License-Identifier: Apache-2.0
// JSON values as block-style YAML 1.2 (and 1.1) text. Pure.
#pragma once

#include <string>

#include "services/cli/table.h"

namespace basisbench {

std::string YamlText(const Json& value);

}  // namespace basisbench
