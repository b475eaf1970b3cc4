// SPDX-License-Identifier: Apache-2.0
// The whole program but the process: command line in, exit code out. Tests call it as main does.
#pragma once

#include <string>
#include <vector>

#include "services/cli/interrupt.h"
#include "services/cli/streams.h"

namespace basisbench {

// `arguments` without the program's name.
int RunCli(const std::vector<std::string>& arguments, const Streams& streams, Interrupt& interrupt);

}  // namespace basisbench
