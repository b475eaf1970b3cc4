// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/input_values.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;

// The finaliser of SplitMix64: every input bit flips every output bit with probability near one
// half.
inline uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

inline uint64_t RowKey(uint64_t key, int64_t row) {
  return Mix(key + kGolden * (static_cast<uint64_t>(row) + 1));
}

// Inverse of the normal distribution function, Wichura's algorithm AS 241 (PPND7): relative error
// below 1e-7 on the whole of (0,1), and no logarithm for 85 % of the arguments.
inline double NormalTail(double q, double tail) {
  double r = std::sqrt(-std::log(tail));
  double value;
  if (r <= 5.0) {
    r -= 1.6;
    value = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
            ((0.12021132975 * r + 0.73700164250) * r + 1.0);
  } else {
    r -= 5.0;
    value = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) /
            ((0.012258202635 * r + 0.24197894225) * r + 1.0);
  }
  return q < 0 ? -value : value;
}

inline double InverseNormal(double p) {
  const double q = p - 0.5;
  if (std::fabs(q) > 0.425) return NormalTail(q, q < 0 ? p : 1.0 - p);
  const double r = 0.180625 - q * q;
  return q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
         (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0);
}

// Uniform in (0,1), never an end point.
inline double Unit(uint64_t bits) {
  return (static_cast<double>(static_cast<int64_t>(bits >> 11)) + 0.5) * 0x1p-53;
}

template <Distribution kDistribution>
inline double Draw(uint64_t row_key, int64_t col) {
  if constexpr (kDistribution == Distribution::kZeros) return 0.0;
  if constexpr (kDistribution == Distribution::kOnes) return 1.0;
  const uint64_t bits = Mix(row_key + kGolden * static_cast<uint64_t>(col));
  if constexpr (kDistribution == Distribution::kInteger) {
    return static_cast<double>(static_cast<int64_t>(((bits >> 32) * 5) >> 32) - 2);
  }
  if constexpr (kDistribution == Distribution::kUniform) return 2.0 * Unit(bits) - 1.0;
  return InverseNormal(Unit(bits));
}

template <Distribution kDistribution>
void Fill(uint64_t row_key, double scale, int64_t first_col, absl::Span<double> out) {
  for (size_t j = 0; j < out.size(); ++j) {
    out[j] = scale * Draw<kDistribution>(row_key, first_col + static_cast<int64_t>(j));
  }
}

}  // namespace

absl::StatusOr<Distribution> ParseDistribution(absl::string_view name) {
  if (name == "normal") return Distribution::kNormal;
  if (name == "uniform") return Distribution::kUniform;
  if (name == "integer") return Distribution::kInteger;
  if (name == "zeros") return Distribution::kZeros;
  if (name == "ones") return Distribution::kOnes;
  return absl::InvalidArgumentError(absl::StrCat("no input distribution '", name,
                                                 "'; have: normal, uniform, integer, zeros, ones"));
}

TensorValues::TensorValues(uint64_t seed, absl::string_view tensor, Distribution distribution,
                           double scale)
    : key_(Mix(seed + kGolden)),
      distribution_(distribution),
      scale_(distribution == Distribution::kInteger ? 1.0 : scale) {
  for (const char c : tensor) key_ = Mix(key_ + kGolden * static_cast<unsigned char>(c));
}

double TensorValues::At(int64_t row, int64_t col) const {
  double value;
  Row(row, col, absl::MakeSpan(&value, 1));
  return value;
}

void TensorValues::Row(int64_t row, int64_t first_col, absl::Span<double> out) const {
  const uint64_t row_key = RowKey(key_, row);
  switch (distribution_) {
    case Distribution::kNormal:
      return Fill<Distribution::kNormal>(row_key, scale_, first_col, out);
    case Distribution::kUniform:
      return Fill<Distribution::kUniform>(row_key, scale_, first_col, out);
    case Distribution::kInteger:
      return Fill<Distribution::kInteger>(row_key, scale_, first_col, out);
    case Distribution::kZeros:
      return Fill<Distribution::kZeros>(row_key, scale_, first_col, out);
    case Distribution::kOnes:
      return Fill<Distribution::kOnes>(row_key, scale_, first_col, out);
  }
}

}  // namespace basisbench
