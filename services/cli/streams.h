// SPDX-License-Identifier: Apache-2.0
// Where a verb reads and writes: data on `out`, messages on `err`. Borrowed; the tests pass
// strings.
#pragma once

#include <istream>
#include <ostream>

namespace basisbench {

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_terminal = false;
  bool out_terminal = false;
  bool err_terminal = false;
  int columns = 80;  // of the terminal behind `err`
};

}  // namespace basisbench
