// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/output_tail.h"

namespace basisbench {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none. Overlong
// forms and surrogates are refused, as protobuf does.
size_t SequenceLength(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
  if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
  return length;
}

}  // namespace

void OutputTail::Append(absl::string_view bytes) {
  bytes_.append(bytes.data(), bytes.size());
  if (bytes_.size() <= 2 * limit_) return;
  bytes_.erase(0, bytes_.size() - limit_);
  cut_ = true;
}

std::string OutputTail::Text() const {
  absl::string_view tail = bytes_;
  bool cut = cut_;
  if (tail.size() > limit_) {
    tail.remove_prefix(tail.size() - limit_);
    cut = true;
  }
  if (const size_t line = tail.find('\n'); cut && line != absl::string_view::npos)
    tail.remove_prefix(line + 1);
  std::string text;
  while (!tail.empty()) {
    const size_t length = SequenceLength(tail);
    const bool printable =
        length > 1 || (length == 1 && (tail[0] >= ' ' || tail[0] == '\n' || tail[0] == '\t'));
    if (printable) {
      text.append(tail.data(), length);
    } else {
      text.push_back('?');
    }
    tail.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

}  // namespace basisbench
