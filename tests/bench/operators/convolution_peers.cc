// SPDX-License-Identifier: Apache-2.0
// Convolutions as r2c, a product with the filter's spectrum, and c2r.
#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "tests/bench/operators/fftw.h"
#include "tests/bench/operators/peers.h"

namespace basisbench {
namespace {

using Complex = std::complex<float>;

Complex* AsComplex(const std::shared_ptr<Buffer>& buffer) { return buffer->as<Complex>(); }

// z = z w c; std::complex's own product looks for infinities.
[[gnu::optimize("O3")]] void Multiply(Complex* z, const Complex* w, float c, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float a = z[i].real(), b = z[i].imag(), u = c * w[i].real(), v = c * w[i].imag();
    z[i] = {a * u - b * v, a * v + b * u};
  }
}

// y = elements from `first` on of the cyclic convolution of length `length` of x and taps.
struct Geometry {
  int64_t length, taps, first;
};

Peer RowConvolution(const PeerContext& c, const Geometry& g, const char* name) {
  const ProblemShape s = c.shape();
  const int64_t half = g.length / 2 + 1;
  auto y = Room(c, s.tokens * s.d_out), row = Room(c, g.length);
  auto spectrum = Room(c, 2 * half), filter = Room(c, 2 * half);
  const FftwVectors one{.distance = g.length};
  float* const r = row->as<float>();
  const FftwHandle there = PlanToSpectra(g.length, one, r, spectrum->as<float>());
  const FftwHandle back = PlanToRows(g.length, one, spectrum->as<float>(), r);
  std::fill_n(r, g.length, 0.0F);
  std::copy_n(c.subject.Input("w"), g.taps, r);
  there->Run();
  std::copy_n(spectrum->as<float>(), 2 * half, filter->as<float>());
  const float* x = c.subject.Input("x");
  return {name,
          [=] {
            for (int64_t i = 0; i < s.tokens; ++i) {
              std::copy_n(x + i * s.d_in, s.d_in, r);
              std::fill(r + s.d_in, r + g.length, 0.0F);
              there->Run();
              Multiply(AsComplex(spectrum), AsComplex(filter), 1 / static_cast<float>(g.length),
                       half);
              back->Run();
              std::copy_n(row->as<float>() + g.first, s.d_out, y->as<float>() + i * s.d_out);
            }
          },
          y->data()};
}

// A power of two of at least n.
int64_t PowerFrom(int64_t n) {
  int64_t power = 1;
  while (power < n) power *= 2;
  return power;
}

}  // namespace

Peer CirculantPeer(const PeerContext& c) {
  const int64_t n = c.shape().d_in;
  return RowConvolution(c, {n, n, 0}, "FFTW r2c, product, c2r, row by row");
}

Peer ToeplitzPeer(const PeerContext& c) {
  const int64_t taps = c.shape().d_in + c.shape().d_out - 1;
  return RowConvolution(c, {PowerFrom(taps), taps, c.shape().d_in - 1},
                        "FFTW r2c, product, c2r on padded rows");
}

Peer PolynomialPeer(const PeerContext& c) {
  const int64_t n = c.shape().d_in;
  return RowConvolution(c, {PowerFrom(2 * n - 1), n, 0}, "FFTW r2c, product, c2r on padded rows");
}

// All channels at once, side by side, in FFTW's advanced interface.
Peer LongConvolutionPeer(const PeerContext& c) {
  const int64_t tokens = c.shape().tokens, width = c.shape().d_in;
  const int64_t length = PowerFrom(2 * tokens - 1), half = length / 2 + 1;
  auto y = Room(c, tokens * width), padded = Room(c, length * width);
  auto of_x = Room(c, 2 * half * width), of_w = Room(c, 2 * half * width);
  const FftwVectors columns{width, width, 1};
  const FftwHandle x_there = PlanToSpectra(length, columns, padded->as<float>(), of_x->as<float>());
  const FftwHandle w_there = PlanToSpectra(length, columns, padded->as<float>(), of_w->as<float>());
  const FftwHandle back = PlanToRows(length, columns, of_x->as<float>(), padded->as<float>());
  const float *x = c.subject.Input("x"), *w = c.subject.Input("w");
  const auto load = [=](const float* from) {
    std::copy_n(from, tokens * width, padded->as<float>());
    std::fill_n(padded->as<float>() + tokens * width, (length - tokens) * width, 0.0F);
  };
  return {"FFTW r2c of X and W, product, c2r on padded columns",
          [=] {
            load(x);
            x_there->Run();
            load(w);
            w_there->Run();
            Multiply(AsComplex(of_x), AsComplex(of_w), 1 / static_cast<float>(length),
                     half * width);
            back->Run();
            std::copy_n(padded->as<float>(), tokens * width, y->as<float>());
          },
          y->data()};
}

namespace {

// Z_1(g) Z_-1(J h) x with complex transforms of a row; those of g and h are made beforehand.
class Displacement {
 public:
  explicit Displacement(const PeerContext& c)
      : n_(c.shape().d_in),
        rank_(c.subject.Parameter("rank")),
        z_(Room(c, 2 * n_)),
        plan_there_(PlanComplex(n_, false, z_->as<float>())),
        plan_back_(PlanComplex(n_, true, z_->as<float>())) {
    for (int64_t j = 0; j < n_; ++j) {
      twist_.push_back(std::polar(
          1.0F,
          static_cast<float>(std::numbers::pi * static_cast<double>(j) / static_cast<double>(n_))));
      untwist_.push_back(std::conj(twist_.back()));
    }
    const float *g = c.subject.Input("g"), *h = c.subject.Input("h");
    for (int64_t i = 0; i < rank_; ++i) {
      for (int64_t j = 0; j < n_; ++j) Z()[j] = g[i * n_ + j];
      plan_there_->Run();
      g_.emplace_back(Z(), Z() + n_);
      for (int64_t j = 0; j < n_; ++j) Z()[j] = h[i * n_ + n_ - 1 - j] * twist_[j];
      plan_there_->Run();
      h_.emplace_back(Z(), Z() + n_);
    }
    x_.resize(n_), sum_.resize(n_);
  }

  void Row(const float* x, float* y) {
    const float normal = 1 / static_cast<float>(n_);
    for (int64_t j = 0; j < n_; ++j) Z()[j] = x[j] * twist_[j];
    plan_there_->Run();
    std::copy_n(Z(), n_, x_.data());
    std::fill(sum_.begin(), sum_.end(), 0.0F);
    for (int64_t i = 0; i < rank_; ++i) {
      std::copy_n(x_.data(), n_, Z());
      Multiply(Z(), h_[i].data(), normal, n_);
      plan_back_->Run();
      Multiply(Z(), untwist_.data(), 1, n_);
      for (int64_t j = 0; j < n_; ++j) Z()[j] = Z()[j].real();
      plan_there_->Run();
      Multiply(Z(), g_[i].data(), 0.5F * normal, n_);
      for (int64_t j = 0; j < n_; ++j) sum_[j] += Z()[j];
    }
    std::copy_n(sum_.data(), n_, Z());
    plan_back_->Run();
    for (int64_t j = 0; j < n_; ++j) y[j] = Z()[j].real();
  }

 private:
  Complex* Z() { return AsComplex(z_); }

  const int64_t n_, rank_;
  const std::shared_ptr<Buffer> z_;
  const FftwHandle plan_there_, plan_back_;
  std::vector<Complex> twist_, untwist_, x_, sum_;
  std::vector<std::vector<Complex>> g_, h_;
};

}  // namespace

Peer DisplacementPeer(const PeerContext& c) {
  const int64_t rows = c.shape().tokens, n = c.shape().d_in;
  auto y = Room(c, rows * n);
  auto map = std::make_shared<Displacement>(c);
  const float* x = c.subject.Input("x");
  return {"FFTW complex transforms and products, row by row",
          [=] {
            for (int64_t i = 0; i < rows; ++i) map->Row(x + i * n, y->as<float>() + i * n);
          },
          y->data()};
}

}  // namespace basisbench
