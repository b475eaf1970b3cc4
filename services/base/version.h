// SPDX-License-Identifier: Apache-2.0
// Identity of the build and of the method of measuring.
#pragma once

#include <cstdint>

namespace basisbench {

inline constexpr char kVersion[] = "0.1.0";

// Raised whenever the way of measuring changes, so that old and new records are never compared
// silently.
inline constexpr uint32_t kMethodVersion = 2;

}  // namespace basisbench
