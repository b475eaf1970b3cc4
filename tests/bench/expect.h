// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <iostream>

#include "absl/status/status.h"

namespace basisbench {

// Ends a bench program with the message unless it is OK.
inline void Expect(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}

}  // namespace basisbench
