// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/transform/wavelet_step.h"

#include <utility>

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// Every second element.
template <typename Side>
Side Halved(Side side) {
  side.col *= 2;
  return side;
}

}  // namespace

WaveletStep::WaveletStep(Dtype dtype, Device& device, std::vector<double> low)
    : dtype_(dtype), device_(device), low_(std::move(low)) {
  for (size_t l = 0; l < low_.size(); ++l)
    high_.push_back((l % 2 == 0 ? 1 : -1) * low_[low_.size() - 1 - l]);
}

// Tap l takes x[2i + l]: of own elements as far as they go, then of those after.
absl::Status WaveletStep::Split(int64_t vectors, int64_t q, const Source& x, const Source* after,
                                const Target& a, const Target& d) const {
  for (const auto& [filter, to] : {std::pair(&low_, &a), std::pair(&high_, &d)}) {
    for (int64_t tap = 0; tap < static_cast<int64_t>(filter->size()); ++tap) {
      const int64_t reach = after == nullptr ? tap % q : tap, own = (q - reach + 1) / 2;
      const Source beyond = From(after == nullptr ? x : *after, 2 * own + reach - q);
      const double factor = (*filter)[static_cast<size_t>(tap)];
      BB_RETURN_IF_ERROR(Add(vectors, own, factor, Halved(From(x, reach)), tap > 0, *to));
      BB_RETURN_IF_ERROR(
          Add(vectors, q / 2 - own, factor, Halved(beyond), tap > 0, From(*to, own)));
    }
  }
  return absl::OkStatus();
}

// x[2t] takes from sum and difference t - l / 2 for even taps l, x[2t + 1] for odd ones. Taps 0 and
// 1 of one filter reach every element once: they set it.
absl::Status WaveletStep::Join(int64_t vectors, int64_t q, const SumsAndDifferences& from,
                               const SumsAndDifferences* before, const Target& x) const {
  const SumsAndDifferences ends = {From(from.a, q / 2), From(from.d, q / 2)};
  const SumsAndDifferences& beyond = before == nullptr ? ends : *before;
  for (const bool low : {true, false}) {
    const std::vector<double>& filter = low ? low_ : high_;
    const Source &own = low ? from.a : from.d, &preceding = low ? beyond.a : beyond.d;
    for (int64_t tap = 0; tap < static_cast<int64_t>(filter.size()); ++tap) {
      const int64_t back = before == nullptr ? tap / 2 % (q / 2) : tap / 2;
      const double factor = filter[static_cast<size_t>(tap)];
      const bool add = !low || tap >= 2;
      BB_RETURN_IF_ERROR(
          Add(vectors, back, factor, From(preceding, -back), add, Halved(From(x, tap % 2))));
      BB_RETURN_IF_ERROR(
          Add(vectors, q / 2 - back, factor, own, add, Halved(From(x, tap % 2 + 2 * back))));
    }
  }
  return absl::OkStatus();
}

absl::Status WaveletStep::Add(int64_t vectors, int64_t cols, double factor, const Source& from,
                              bool add, const Target& to) const {
  if (cols == 0) return absl::OkStatus();
  ProductArgs args{.dtype = dtype_, .rows = vectors, .cols = cols, .alpha = factor};
  args.x = from.data;
  args.x_row_stride = from.row;
  args.x_col_stride = from.col;
  args.beta = add ? 1 : 0;
  args.y = to.data;
  args.y_row_stride = to.row;
  args.y_col_stride = to.col;
  return ProductAlongY(device_, args);
}

}  // namespace basisbench
