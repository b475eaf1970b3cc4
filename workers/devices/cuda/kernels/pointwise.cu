// SPDX-License-Identifier: Apache-2.0
// Elementwise primitives without strided operands: one pass over memory each.
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/rows.h"
#include "workers/devices/halves.h"

namespace basisbench::kernels {
namespace {

template <typename T>
struct ButterflyBody {
  const T *x, *z;
  T* y;
  int64_t x_row, z_row, y_row;
  T scale, z_scale;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t first) const {
    Lanes<T, W> a = Load<W>(x + row * x_row, 1, first);
    const Lanes<T, W> b = Load<W>(z + row * z_row, 1, first);
    for (int k = 0; k < W; ++k) a.v[k] = scale * a.v[k] + z_scale * b.v[k];
    Store(a, y + row * y_row, 1, first);
  }
};

template <typename T>
struct ReflectBody {
  const T *x, *z;
  T* y;
  int64_t count;
  T scale;

  template <int W>
  BB_HOST_DEVICE void At(int64_t, int64_t j) const {
    y[j] = scale * (x[j] + z[j == 0 ? 0 : count - j]);
  }
};

template <typename T>
struct PairBody {
  const Complex<T>*x, *z;
  Complex<T>*y, *mirror;
  int64_t count;
  T scale;

  BB_HOST_DEVICE Complex<T> Even(int64_t j) const {
    if (j >= count) return {0, 0};
    if (z == nullptr) return scale * x[j];
    return scale * (x[j] + Complex<T>{z[j].re, -z[j].im});
  }
  template <int W>
  BB_HOST_DEVICE void At(int64_t, int64_t j) const {
    const Complex<T> a = Even(2 * j), b = Even(2 * j + 1);
    y[j] = {a.re - b.im, a.im + b.re};
    mirror[j] = {a.re + b.im, b.re - a.im};
  }
};

template <typename T>
struct FillBody {
  T* y;
  T value;

  template <int W>
  BB_HOST_DEVICE void At(int64_t, int64_t first) const {
    Lanes<T, W> values;
    for (int k = 0; k < W; ++k) values.v[k] = value;
    Store(values, y, 1, first);
  }
};

template <typename From, typename To, To (*kConvert)(From)>
struct ConvertBody {
  const From* from;
  To* to;
  int64_t from_row, to_row;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t first) const {
    const Lanes<From, W> in = Load<W>(from + row * from_row, 1, first);
    Lanes<To, W> out;
    for (int k = 0; k < W; ++k) out.v[k] = kConvert(in.v[k]);
    Store(out, to + row * to_row, 1, first);
  }
};

// Bits to bits: an f32 is as good as its 32 bits here.
template <typename From, typename To, To (*kConvert)(From)>
absl::Status Convert(const Queue& queue, const ConvertArgs& args) {
  const bool dense = args.from_row_stride == args.cols && args.to_row_stride == args.cols;
  const int64_t rows = dense ? 1 : args.rows, cols = dense ? args.rows * args.cols : args.cols;
  // As many elements as the wider side takes in one access.
  constexpr int kWidth = Least(kWide<From>, kWide<To>);
  const bool wide = IsWide<From>(rows, {{args.from, args.from_row_stride}}) &&
                    IsWide<To>(rows, {{args.to, args.to_row_stride}});
  return RunAtPlaces<kWidth>(queue, rows, cols, wide,
                             ConvertBody<From, To, kConvert>{
                                 static_cast<const From*>(args.from), static_cast<To*>(args.to),
                                 args.from_row_stride, args.to_row_stride});
}

}  // namespace

absl::Status RunButterfly(const Queue& queue, const ButterflyArgs& args) {
  BB_RETURN_IF_ERROR(CheckCount(args.count));
  BB_RETURN_IF_ERROR(CheckCount(args.rows));
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    const ButterflyBody<T> body{static_cast<const T*>(args.x),
                                static_cast<const T*>(args.z),
                                static_cast<T*>(args.y),
                                args.x_row_stride,
                                args.z_row_stride,
                                args.y_row_stride,
                                static_cast<T>(args.scale),
                                static_cast<T>(args.scale * args.sign)};
    const bool wide = IsWide<T>(
        args.rows,
        {{args.x, args.x_row_stride}, {args.z, args.z_row_stride}, {args.y, args.y_row_stride}});
    return RunAtPlaces<kWide<T>>(queue, args.rows, args.count, wide, body);
  });
}

absl::Status RunAddReflected(const Queue& queue, const ReflectArgs& args) {
  BB_RETURN_IF_ERROR(CheckCount(args.count));
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    return RunAtEach(
        queue, args.count,
        ReflectBody<T>{static_cast<const T*>(args.x), static_cast<const T*>(args.z),
                       static_cast<T*>(args.y), args.count, static_cast<T>(args.scale)});
  });
}

absl::Status RunPairColumns(const Queue& queue, const PairArgs& args) {
  BB_RETURN_IF_ERROR(CheckCount(args.count));
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    using C = Complex<T>;
    return RunAtEach(queue, (args.count + 1) / 2,
                     PairBody<T>{static_cast<const C*>(args.x), static_cast<const C*>(args.z),
                                 static_cast<C*>(args.y), static_cast<C*>(args.mirror), args.count,
                                 static_cast<T>(args.scale)});
  });
}

absl::Status RunFill(const Queue& queue, Dtype dtype, int64_t count, double value, void* y) {
  BB_RETURN_IF_ERROR(CheckSize("fill", 1, count));
  return ByReal(dtype, [&](auto real) {
    using T = decltype(real);
    return RunAtPlaces<kWide<T>>(queue, 1, count, IsWide<T>(1, {{y}}),
                                 FillBody<T>{static_cast<T*>(y), static_cast<T>(value)});
  });
}

absl::Status RunConvert(const Queue& queue, const ConvertArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("convert", args.rows, args.cols));
  const auto is = [&](Dtype from, Dtype to) {
    return args.from_dtype == from && args.to_dtype == to;
  };
  if (is(Dtype::kBf16, Dtype::kF32)) return Convert<uint16_t, uint32_t, BitsFromBf16>(queue, args);
  if (is(Dtype::kF32, Dtype::kBf16)) return Convert<uint32_t, uint16_t, Bf16FromBits>(queue, args);
  if (is(Dtype::kF16, Dtype::kF32)) return Convert<uint16_t, uint32_t, BitsFromF16>(queue, args);
  if (is(Dtype::kF32, Dtype::kF16)) return Convert<uint32_t, uint16_t, F16FromBits>(queue, args);
  return NoConversion(args);
}

}  // namespace basisbench::kernels
