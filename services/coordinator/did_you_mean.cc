// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/did_you_mean.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace basisbench {
namespace {

constexpr size_t kMaxListed = 60;
constexpr size_t kMaxShown = 60;

}  // namespace

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

std::string Quote(absl::string_view value) {
  size_t length = std::min(value.size(), kMaxShown);
  // Messages must stay UTF-8: a cut falls in front of a character, not among its following bytes.
  while (length > 0 && length < value.size() &&
         (static_cast<unsigned char>(value[length]) & 0xC0) == 0x80) {
    --length;
  }
  const std::string shown = absl::Utf8SafeCEscape(value.substr(0, length));
  return absl::StrCat("'", shown, length < value.size() ? "..." : "", "'");
}

std::string KnownNames(absl::string_view wrong, const std::vector<std::string>& names) {
  std::string hint;
  // A word longer than any name is no typing mistake, and comparing it would cost its length
  // squared.
  if (wrong.size() <= 2 * kMaxShown) {
    size_t best = std::max<size_t>(2, wrong.size() / 3) + 1;
    for (const std::string& name : names) {
      const size_t distance = EditDistance(wrong, name);
      if (distance < best) {
        best = distance;
        hint = absl::StrCat("; did you mean '", name, "'?");
      }
    }
  }
  const size_t listed = std::min(names.size(), kMaxListed);
  const std::string list =
      absl::StrJoin(names.begin(), names.begin() + static_cast<long>(listed), ", ");
  return absl::StrCat(hint, hint.empty() ? "; have: " : " have: ", list.empty() ? "none" : list,
                      listed < names.size() ? ", ..." : "");
}

}  // namespace basisbench
