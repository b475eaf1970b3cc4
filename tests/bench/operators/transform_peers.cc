// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "tests/bench/operators/fftw.h"
#include "tests/bench/operators/peers.h"

namespace basisbench {
namespace {

// FFTW's REDFT10 is 2 s_k times the orthonormal transform's; its inverse takes them back.
struct CosineScales {
  explicit CosineScales(int64_t n)
      : first(static_cast<float>(std::sqrt(0.25 / static_cast<double>(n)))),
        others(static_cast<float>(std::sqrt(0.5 / static_cast<double>(n)))) {}
  [[gnu::optimize("O3")]] void Apply(float* row, int64_t n) const {
    row[0] *= first;
    for (int64_t k = 1; k < n; ++k) row[k] *= others;
  }
  // Before REDFT01, whose terms but the first count twice.
  const float first, others;
};

// out = in w c
[[gnu::optimize("O3")]] void Scale(const float* in, const float* w, float c, int64_t n,
                                   float* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = in[i] * w[i] * c;
}

// Row k of the result is the real part of that of the spectra, whose missing columns are those of
// row -k.
[[gnu::optimize("O3")]] void TakeRealParts(const float* spectra, int64_t rows, int64_t n,
                                           float* y) {
  const int64_t half = n / 2 + 1;
  for (int64_t k = 0; k < rows; ++k, y += n) {
    const float* row = spectra + 2 * half * k;
    const float* mirrored = spectra + 2 * half * ((rows - k) % rows);
    for (int64_t l = 0; l < half; ++l) y[l] = row[2 * l];
    for (int64_t l = half; l < n; ++l) y[l] = mirrored[2 * (n - l)];
  }
}

}  // namespace

Peer FnetPeer(const PeerContext& c) {
  const int64_t rows = c.shape().tokens, n = c.shape().d_in, half = n / 2 + 1;
  auto y = Room(c, rows * n), copy = Room(c, rows * n), spectra = Room(c, 2 * rows * half);
  const FftwHandle along_rows =
      PlanToSpectra(n, {.count = rows, .distance = n, .spectrum_distance = half}, copy->as<float>(),
                    spectra->as<float>());
  const FftwHandle along_columns = PlanColumns(rows, half, spectra->as<float>());
  std::copy_n(c.subject.Input("x"), rows * n, copy->as<float>());
  return {"FFTW r2c along rows, c2c along columns, the real part",
          [=, in = copy] {  // which the plan reads
            along_rows->Run();
            along_columns->Run();
            TakeRealParts(spectra->as<float>(), rows, n, y->as<float>());
          },
          y->data()};
}

Peer CosinePeer(const PeerContext& c) {
  const int64_t rows = c.shape().tokens, n = c.shape().d_in;
  auto y = Room(c, rows * n), scratch = Room(c, n);
  const FftwHandle plan = PlanReal(n, FftwKind::kCosine, scratch->as<float>(), y->as<float>());
  const float* x = c.subject.Input("x");
  const CosineScales scales(n);
  return {"FFTW REDFT10, scaled, row by row",
          [=] {
            for (int64_t i = 0; i < rows; ++i) {
              plan->Run(x + i * n, y->as<float>() + i * n);
              scales.Apply(y->as<float>() + i * n, n);
            }
          },
          y->data()};
}

Peer HartleyPeer(const PeerContext& c) {
  const int64_t rows = c.shape().tokens, n = c.shape().d_in;
  auto y = Room(c, rows * n), scratch = Room(c, n), ones = Room(c, n);
  const FftwHandle plan = PlanReal(n, FftwKind::kHartley, scratch->as<float>(), y->as<float>());
  std::fill_n(ones->as<float>(), n, 1.0F);
  const float* x = c.subject.Input("x");
  const float scale = 1 / std::sqrt(static_cast<float>(n));
  return {"FFTW DHT, scaled, row by row",
          [=] {
            for (int64_t i = 0; i < rows; ++i) {
              float* row = y->as<float>() + i * n;
              plan->Run(x + i * n, row);
              Scale(row, ones->as<float>(), scale, n, row);
            }
          },
          y->data()};
}

Peer CosineChainPeer(const PeerContext& c) {
  const int64_t rows = c.shape().tokens, n = c.shape().d_in;
  auto y = Room(c, rows * n), z = Room(c, n);
  const FftwHandle back = PlanReal(n, FftwKind::kCosineInverse, z->as<float>(), z->as<float>());
  const FftwHandle there = PlanReal(n, FftwKind::kCosine, z->as<float>(), z->as<float>());
  const float *x = c.subject.Input("x"), *d = c.subject.Input("d"), *a = c.subject.Input("a");
  // REDFT01 of x s_k, halved but for the first, is C^-1 x; REDFT10 is C z over s_k / 2.
  const CosineScales scales(n);
  return {"FFTW REDFT01 and REDFT10 and two diagonals, row by row",
          [=] {
            float* row = z->as<float>();
            for (int64_t i = 0; i < rows; ++i) {
              std::copy_n(x + i * n, n, row);
              row[0] *= 2;
              scales.Apply(row, n);
              back->Run();
              Scale(row, d, 1, n, row);
              there->Run();
              scales.Apply(row, n);
              Scale(row, a, 1, n, y->as<float>() + i * n);
            }
          },
          y->data()};
}

}  // namespace basisbench
