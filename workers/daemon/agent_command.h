// SPDX-License-Identifier: Apache-2.0
// What mpirun hands a remote-shell agent: the host, then words that a shell would join and split
// again, sometimes with assignments in front ("PATH=/opt/bin:$PATH ; export PATH ; /opt/bin/orted
// ..."). Pure text in, arguments out; no shell ever sees it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace basisbench {

struct AgentCommand {
  std::string host;
  std::vector<std::string> arguments;  // the first is "orted"
};

// `arguments` without the program's own name. INVALID_ARGUMENT naming the word that is not
// understood, or the program when it is not orted.
absl::StatusOr<AgentCommand> ParseAgentCommand(const std::vector<std::string>& arguments);

}  // namespace basisbench
