// SPDX-License-Identifier: Apache-2.0
// The one word in a list of shardings that names none: the runner chooses. Whoever reads or writes
// a case has to know it.
#pragma once

namespace basisbench {

inline constexpr char kAutoSharding[] = "auto";

}  // namespace basisbench
