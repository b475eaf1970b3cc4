// SPDX-License-Identifier: Apache-2.0
// Activations and their derivatives, times a gate: one pass over memory.
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/rows.h"

namespace basisbench::kernels {
namespace {

// 2 sqrt(2 / pi), and what the cube is worth beside it.
constexpr double kGeluSlope = 1.5957691216057308, kGeluCubic = kGeluSlope * 0.044715;

template <typename T>
struct Activated {
  T value, derivative;
};

template <typename T>
BB_HOST_DEVICE Activated<T> Activation(Nonlinearity kind, T x) {
  if (kind == Nonlinearity::kNone) return {x, T(1)};
  const bool is_gelu = kind == Nonlinearity::kGelu;
  const T cubic = static_cast<T>(kGeluCubic), linear = static_cast<T>(kGeluSlope);
  const T t = is_gelu ? x * (x * x * cubic + linear) : x;
  // Of |t|, so that nothing overflows; the slope is the same on both sides.
  const T e = std::exp(-std::fabs(t)), share = 1 / (1 + e);
  const T s = t < 0 ? e * share : share, slope = e * share * share;
  if (kind == Nonlinearity::kSigmoid) return {s, slope};
  if (slope == 0) return {x * s, s};  // far out, where its factor may be infinite
  const T inner = is_gelu ? x * x * (3 * cubic) + linear : T(1);
  return {x * s, x * slope * inner + s};
}

// A row of a matrix that may be absent.
template <typename T>
struct Rows {
  T* data;
  int64_t stride;
  BB_HOST_DEVICE T* Row(int64_t i) const { return data + i * stride; }
};

template <typename T>
struct ActivateBody {
  Nonlinearity kind;
  Rows<const T> x, w;
  Rows<T> y;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t first) const {
    Lanes<T, W> values = Load<W>(x.Row(row), 1, first);
    for (int k = 0; k < W; ++k) values.v[k] = Activation(kind, values.v[k]).value;
    if (w.data != nullptr) {
      const Lanes<T, W> gate = Load<W>(w.Row(row), 1, first);
      for (int k = 0; k < W; ++k) values.v[k] *= gate.v[k];
    }
    Store(values, y.Row(row), 1, first);
  }
};

template <typename T>
struct ActivationGradientBody {
  Nonlinearity kind;
  Rows<const T> x, w, dy;
  Rows<T> dx, dw;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t first) const {
    Lanes<T, W> of_x = Load<W>(x.Row(row), 1, first), of_w;
    const Lanes<T, W> given = Load<W>(dy.Row(row), 1, first);
    const bool gated = w.data != nullptr;
    if (gated) of_w = Load<W>(w.Row(row), 1, first);
    for (int k = 0; k < W; ++k) {
      const Activated<T> f = Activation(kind, of_x.v[k]);
      of_x.v[k] = given.v[k] * (gated ? of_w.v[k] : T(1)) * f.derivative;
      of_w.v[k] = given.v[k] * f.value;
    }
    Store(of_x, dx.Row(row), 1, first);
    if (gated) Store(of_w, dw.Row(row), 1, first);
  }
};

}  // namespace

absl::Status RunActivate(const Queue& queue, const ActivationArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("activation", args.rows, args.cols));
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    const ActivateBody<T> body{args.activation,
                               {static_cast<const T*>(args.x), args.x_row_stride},
                               {static_cast<const T*>(args.w), args.w_row_stride},
                               {static_cast<T*>(args.y), args.y_row_stride}};
    const bool wide = IsWide<T>(
        args.rows,
        {{args.x, args.x_row_stride}, {args.w, args.w_row_stride}, {args.y, args.y_row_stride}});
    return RunAtPlaces<kWide<T>>(queue, args.rows, args.cols, wide, body);
  });
}

absl::Status RunActivationGradient(const Queue& queue, const ActivationGradientArgs& args) {
  BB_RETURN_IF_ERROR(CheckActivationGradient(args));
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    const ActivationGradientBody<T> body{args.activation,
                                         {static_cast<const T*>(args.x), args.x_row_stride},
                                         {static_cast<const T*>(args.w), args.w_row_stride},
                                         {static_cast<const T*>(args.dy), args.dy_row_stride},
                                         {static_cast<T*>(args.dx), args.dx_row_stride},
                                         {static_cast<T*>(args.dw), args.dw_row_stride}};
    const bool wide = IsWide<T>(args.rows, {{args.x, args.x_row_stride},
                                            {args.w, args.w_row_stride},
                                            {args.dy, args.dy_row_stride},
                                            {args.dx, args.dx_row_stride},
                                            {args.dw, args.dw_row_stride}});
    return RunAtPlaces<kWide<T>>(queue, args.rows, args.cols, wide, body);
  });
}

}  // namespace basisbench::kernels
