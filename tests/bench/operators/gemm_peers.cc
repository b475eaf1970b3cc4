// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/operators/peers.h"

namespace basisbench {
namespace {

// c = a b, row-major without gaps.
void Multiply(const OpenBlas& blas, int64_t m, int64_t n, int64_t k, const float* a, const float* b,
              float* c) {
  blas.sgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, static_cast<int>(m), static_cast<int>(n),
             static_cast<int>(k), 1.0F, a, static_cast<int>(k), b, static_cast<int>(n), 0.0F, c,
             static_cast<int>(n));
}
void Multiply(const OpenBlas& blas, int64_t m, int64_t n, int64_t k, const double* a,
              const double* b, double* c) {
  blas.dgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, static_cast<int>(m), static_cast<int>(n),
             static_cast<int>(k), 1.0, a, static_cast<int>(k), b, static_cast<int>(n), 0.0, c,
             static_cast<int>(n));
}

template <typename T>
Peer Gemm(const PeerContext& c) {
  const ProblemShape s = c.shape();
  auto y = Room(c, s.tokens * s.d_out);
  const T *x = c.subject.Input<T>("x"), *w = c.subject.Input<T>("w");
  return {
      "raw cblas gemm",
      [&blas = c.blas, s, x, w, y] { Multiply(blas, s.tokens, s.d_out, s.d_in, x, w, y->as<T>()); },
      y->data()};
}

}  // namespace

Peer GemmPeer(const PeerContext& c) {
  return c.dtype() == Dtype::kF64 ? Gemm<double>(c) : Gemm<float>(c);
}

Peer DenseGemmPeer(const PeerContext& c) {
  const ProblemShape s = c.shape();
  auto y = Room(c, s.tokens * s.d_out), w = Room(c, s.d_in * s.d_out);
  for (int64_t i = 0; i < s.d_in * s.d_out; ++i)
    w->as<float>()[i] = static_cast<float>(i * 37 % 101) - 50;
  const float* x = c.subject.Input("x");
  return {"a dense W, raw cblas gemm", [&blas = c.blas, s, x, w, y] {
            Multiply(blas, s.tokens, s.d_out, s.d_in, x, w->as<float>(), y->as<float>());
          }};
}

Peer TokenGemmPeer(const PeerContext& c) {
  const ProblemShape s = c.shape();
  auto y = Room(c, s.tokens * s.d_out);
  const float *x = c.subject.Input("x"), *w = c.subject.Input("t");
  return {"raw cblas gemm",
          [&blas = c.blas, s, x, w, y] {
            Multiply(blas, s.tokens, s.d_in, s.tokens, w, x, y->as<float>());
          },
          y->data()};
}

Peer TwoGemmsPeer(const PeerContext& c) {
  const ProblemShape s = c.shape();
  const int64_t rank = c.subject.Parameter("rank");
  auto y = Room(c, s.tokens * s.d_out), z = Room(c, s.tokens * rank);
  const float *x = c.subject.Input("x"), *u = c.subject.Input("u"), *v = c.subject.Input("v");
  return {"two calls of cblas gemm",
          [&blas = c.blas, s, rank, x, u, v, y, z] {
            Multiply(blas, s.tokens, rank, s.d_in, x, u, z->as<float>());
            Multiply(blas, s.tokens, s.d_out, rank, z->as<float>(), v, y->as<float>());
          },
          y->data()};
}

Peer BlockGemmsPeer(const PeerContext& c) {
  const ProblemShape s = c.shape();
  const int64_t blocks = c.subject.Parameter("blocks");
  const int in = static_cast<int>(s.d_in / blocks), out = static_cast<int>(s.d_out / blocks);
  auto y = Room(c, s.tokens * s.d_out);
  const float *x = c.subject.Input("x"), *w = c.subject.Input("w");
  return {"a call of cblas gemm for each block",
          [&blas = c.blas, s, blocks, in, out, x, w, y] {
            for (int64_t b = 0; b < blocks; ++b) {
              blas.sgemm(kCblasRowMajor, kCblasNoTrans, kCblasTrans, static_cast<int>(s.tokens),
                         out, in, 1.0F, x + b * in, static_cast<int>(s.d_in), w + b * out * in, in,
                         0.0F, y->as<float>() + b * out, static_cast<int>(s.d_out));
            }
          },
          y->data()};
}

}  // namespace basisbench
