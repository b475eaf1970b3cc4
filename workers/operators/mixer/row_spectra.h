// SPDX-License-Identifier: Apache-2.0
// Rows of n real numbers in workspace and, in the same place, the complex coefficients whose
// products are convolutions of the rows: cyclic, by a real Fourier transform, or negacyclic, where
// what is shifted over the end comes back with the other sign. Of an even length the latter is a
// complex transform of z_j = (x_j + i x_(j+n/2)) exp(i pi j / n); of an odd one, the cyclic one of
// (-1)^j x_j. Belongs to one plan.
#pragma once

#include <memory>
#include <vector>

#include "workers/operators/mixer/blocked_mixer.h"

namespace basisbench {

enum class Wrap { kCyclic, kNegacyclic };
// Which transforms of a kind of rows are asked for.
enum class Ways { kThere, kBack, kBoth };

class RowSpectra {
 public:
  // Elements that a row takes up, and those of the factors that all share.
  static int64_t Leading(int64_t n, Wrap wrap = Wrap::kCyclic) {
    // Rows begin where registers do: transforms of rows that lie across them go through a copy.
    constexpr int64_t kUnit = 16;
    return (2 * Coefficients(n, wrap) + kUnit - 1) / kUnit * kUnit;
  }
  static int64_t SharedElements(int64_t n, Wrap wrap) { return wrap == Wrap::kCyclic ? 0 : n; }
  static int64_t Coefficients(int64_t n, Wrap wrap = Wrap::kCyclic) {
    return IsFolded(n, wrap) ? n / 2 : n / 2 + 1;
  }

  // For blocks of rows; transforms are planned for the sizes these have.
  absl::Status Allocate(Device& device, Dtype dtype, int64_t n, const Blocks& blocks,
                        Ways ways = Ways::kBoth, Wrap wrap = Wrap::kCyclic);

  // `from` has `elements` columns; the rest of each row becomes zero. Negacyclic rows are whole.
  absl::Status Load(int64_t rows, int64_t elements, const Source& from);
  absl::Status ToSpectra(int64_t rows) { return Execute(rows, 0); }
  // Unnormalised: normal() is the factor that is missing.
  absl::Status ToRows(int64_t rows) { return Execute(rows, 1); }
  double normal() const { return 1 / static_cast<double>(folded_ ? n_ / 2 : n_); }
  // The first `elements` of each row, times `scale`.
  absl::Status Store(int64_t rows, int64_t elements, const Target& to, double scale = 1.0) const;

  // Spectra of rows: one for each, or the one in `row` for all.
  struct Factor {
    const RowSpectra* of = nullptr;
    int64_t row = -1;
    bool conjugate = false;
    double scale = 1.0;
  };
  absl::Status Times(int64_t rows, const Factor& w) { return TimesInto(rows, w, *this); }
  // to = this w; with `add` to what is there.
  absl::Status TimesInto(int64_t rows, const Factor& w, RowSpectra& to, bool add = false) const;
  // Row `row` of `sum` becomes the sum over rows of this conj(of), or is added to.
  absl::Status SumInto(int64_t rows, const RowSpectra& of, bool add, RowSpectra& sum,
                       int64_t row = 0) const;

  // Rows of cyclic ones as they lie.
  Target place() { return {data_.data(), leading(), 1}; }
  Source values() const { return {data_.data(), leading(), 1}; }
  int64_t leading() const { return Leading(n_, wrap_); }

 private:
  static bool IsFolded(int64_t n, Wrap wrap) { return wrap == Wrap::kNegacyclic && n % 2 == 0; }

  absl::Status Plan(int64_t rows, Ways ways);
  absl::Status MakeTwist();
  absl::Status Twist(int64_t rows, bool conjugate);
  absl::Status Execute(int64_t rows, int direction);

  Device* device_ = nullptr;
  Dtype dtype_ = Dtype::kF32;
  int64_t n_ = 0, coefficients_ = 0;
  Wrap wrap_ = Wrap::kCyclic;
  bool folded_ = false;  // two halves of a row as one complex one
  Buffer data_, twist_;
  struct Plans {
    int64_t rows = 0;
    std::unique_ptr<FftPlan> plan[2];
  };
  std::vector<Plans> plans_;
};

}  // namespace basisbench
