// SPDX-License-Identifier: Apache-2.0
// The last bytes of a stream, cut to whole lines and valid UTF-8, because they travel in a protobuf
// string. Owned by one attempt; not thread-safe.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace basisbench {

class OutputTail {
 public:
  explicit OutputTail(size_t limit = 8192) : limit_(limit) {}

  void Append(absl::string_view bytes);
  // At most `limit` bytes; a line cut at the front is left out; bytes that are not UTF-8 become
  // '?'.
  std::string Text() const;

 private:
  const size_t limit_;
  bool cut_ = false;
  std::string bytes_;
};

}  // namespace basisbench
