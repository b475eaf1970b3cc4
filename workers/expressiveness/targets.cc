// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/targets.h"

#include <cmath>
#include <numbers>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/orders.h"
#include "workers/expressiveness/rng.h"
#include "workers/expressiveness/transforms.h"

namespace basisbench {
namespace {

using Made = absl::StatusOr<TargetMatrix>;

enum Seed : uint64_t { kHaar = 1, kGauss, kPerm, kCirc, kCausal, kLowRank, kButterfly };

template <typename T>
Matrix<T> OfNorm(Matrix<T> a, double norm) {
  const double factor = norm / std::sqrt(Energy(a));
  for (int64_t i = 0; i < a.rows() * a.cols(); ++i) a.data()[i] *= factor;
  return a;
}

Made Haar(int64_t n) { return OrthogonalFactor(Rng(kHaar).NormalMatrix(n, n)); }

Made Gauss(int64_t n) {
  Matrix<double> out = Rng(kGauss).NormalMatrix(n, n);
  for (int64_t i = 0; i < n * n; ++i) out.data()[i] /= std::sqrt(static_cast<double>(n));
  return out;
}

Made Permutation(int64_t n) {
  const std::vector<int64_t> place = Rng(kPerm).Permutation(n);
  Matrix<double> out(n, n);
  for (int64_t i = 0; i < n; ++i) out(i, place[i]) = 1;
  return out;
}

Made Circulant(int64_t n) {
  const Matrix<double> filter = Rng(kCirc).NormalMatrix(1, n);
  Matrix<double> out(n, n);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) out(i, j) = filter(0, (i - j + n) % n);
  return OfNorm(std::move(out), std::sqrt(static_cast<double>(n)));
}

Made Causal(int64_t n) {
  const Matrix<double> filter = Rng(kCausal).NormalMatrix(1, n);
  Matrix<double> out(n, n);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j <= i; ++j) out(i, j) = filter(0, i - j);
  return OfNorm(std::move(out), std::sqrt(static_cast<double>(n)));
}

Made LowRank(int64_t n) {
  Rng rng(kLowRank);
  const Matrix<double> a = rng.NormalMatrix(n, n / 8), b = rng.NormalMatrix(n / 8, n);
  BB_ASSIGN_OR_RETURN(Matrix<double> product, Multiply(a, b));
  return OfNorm(std::move(product), std::sqrt(static_cast<double>(n)));
}

// Stages of rotations of the pairs (i, i + stride), the smallest stride first.
Made Butterfly(int64_t n) {
  Rng rng(kButterfly);
  Matrix<double> out = Identity<double>(n);
  for (int64_t stride = 1; stride < n; stride *= 2) {
    for (int64_t block = 0; block < n; block += 2 * stride) {
      for (int64_t i = block; i < block + stride; ++i) {
        const double angle = 2 * std::numbers::pi * rng.Uniform();
        const double c = std::cos(angle), s = std::sin(angle);
        for (int64_t j = 0; j < n; ++j) {
          const double upper = out(i, j), lower = out(i + stride, j);
          out(i, j) = c * upper - s * lower;
          out(i + stride, j) = s * upper + c * lower;
        }
      }
    }
  }
  return out;
}

struct Entry {
  absl::string_view name;
  Made (*make)(int64_t n);
};

constexpr Entry kTargets[] = {
    {"HAAR", Haar},
    {"GAUSS", Gauss},
    {"DFT", [](int64_t n) -> Made { return DftMatrix(n); }},
    {"DCT2", [](int64_t n) -> Made { return DctMatrix(n); }},
    {"WHT", [](int64_t n) -> Made { return WhtMatrix(n); }},
    {"HAARW", [](int64_t n) -> Made { return HaarWaveletMatrix(n); }},
    {"PERM", Permutation},
    {"CIRC", Circulant},
    {"CAUSAL", Causal},
    {"LOWRANK", LowRank},
    {"BFLY", Butterfly},
};

}  // namespace

std::vector<std::string> TargetNames() {
  std::vector<std::string> names;
  for (const Entry& entry : kTargets) names.emplace_back(entry.name);
  return names;
}

bool IsArbitrary(absl::string_view target) { return target == "HAAR" || target == "GAUSS"; }

absl::Status CheckTargetSize(int64_t n) {
  if (IsPowerOfTwo(n) && n >= kSmallestTarget && n <= kLargestTarget) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("n must be a power of two in ", kSmallestTarget,
                                                 "..", kLargestTarget, ", not ", n));
}

absl::StatusOr<Target> MakeTarget(absl::string_view name, int64_t n) {
  BB_RETURN_IF_ERROR(CheckTargetSize(n));
  for (const Entry& entry : kTargets) {
    if (entry.name != name) continue;
    Made made = entry.make(n);
    if (!made.ok()) return made.status();
    return Target{std::string(name), n, *std::move(made)};
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no target '", name, "'; have: ", absl::StrJoin(TargetNames(), ", ")));
}

}  // namespace basisbench
