// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/operators/floors.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

namespace basisbench {
namespace {

constexpr int kSide = 768;

std::function<void()> SquareGemm(const PeerContext& c) {
  auto room = Room(c, 3 * kSide * kSide);
  const bool single = c.dtype() == Dtype::kF32;
  const auto fill = [](auto* values) {
    for (int i = 0; i < 2 * kSide * kSide; ++i) values[i] = (i * 37 % 101) * 0.01F - 0.5F;
  };
  single ? fill(room->as<float>()) : fill(room->as<double>());
  const auto multiply = [](auto gemm, auto* a) {
    auto *b = a + kSide * kSide, *y = b + kSide * kSide;
    gemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, kSide, kSide, kSide, 1, a, kSide, b, kSide,
         0, y, kSide);
  };
  return [&blas = c.blas, room, single, multiply] {
    single ? multiply(blas.sgemm, room->as<float>()) : multiply(blas.dgemm, room->as<double>());
  };
}

// Around the cache: no line is read only to be overwritten.
void StreamCopy(std::byte* to, const std::byte* from, int64_t bytes) {
  for (int64_t i = 0; i + 64 <= bytes; i += 64) {
    const auto* in = reinterpret_cast<const __m128i*>(from + i);
    auto* out = reinterpret_cast<__m128i*>(to + i);
    for (int part = 0; part < 4; ++part) _mm_stream_si128(out + part, _mm_loadu_si128(in + part));
  }
  _mm_sfence();
}

// The faster way to copy so many bytes.
std::function<void()> Copy(const PeerContext& c, int64_t bytes) {
  const int64_t elements = bytes / DtypeSize(c.dtype()) + 1;
  auto from = Room(c, elements), to = Room(c, elements);
  std::memset(from->data(), 1, bytes);
  const std::function<void()> cached = [=] { std::memcpy(to->data(), from->data(), bytes); };
  const std::function<void()> streamed = [=] { StreamCopy(to->data(), from->data(), bytes); };
  const auto seconds = TimeAlternately({cached, streamed}, 7, 0.05);
  return MedianOf(seconds[0]) <= MedianOf(seconds[1]) ? cached : streamed;
}

}  // namespace

Floors::Floors(const PeerContext& c)
    : gemm_flops_(2.0 * kSide * kSide * kSide), gemm_(SquareGemm(c)) {
  const OperatorCost cost = c.subject.op->Cost(c.subject.problem);
  flops_ = cost.flops_executed;
  copy_ = Copy(c, static_cast<int64_t>(cost.bytes_min / 2));
}

Bound Floors::Larger(const std::vector<double>& gemm, const std::vector<double>& copy) const {
  return LargerBound(flops_ / gemm_flops_, gemm, copy);
}

}  // namespace basisbench
