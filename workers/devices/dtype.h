// SPDX-License-Identifier: Apache-2.0
// Element types of operands and outputs. The two halves, bf16 and f16, are storage only: arithmetic
// on them is in f32. tf32 is f32 whose products a GPU's matrix units round to ten bits of fraction.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace basisbench {

enum class Dtype { kF32, kF64, kBf16, kF16, kTf32 };

// "f32", "f64", "bf16", "f16", "tf32".
absl::string_view DtypeName(Dtype dtype);

// INVALID_ARGUMENT listing the known names.
absl::StatusOr<Dtype> ParseDtype(absl::string_view name);

// Bytes per element.
int64_t DtypeSize(Dtype dtype);

// Unit roundoff u = 2^-p: 2^-24 for f32, 2^-53 for f64, 2^-8 for bf16, 2^-11 for f16 and
// tf32.
double UnitRoundoff(Dtype dtype);

// What plans for elements of this type are made in: f32 for the halves and for tf32, else the type
// itself.
Dtype ComputeDtype(Dtype dtype);
inline bool IsHalf(Dtype dtype) { return DtypeSize(dtype) == 2; }

// Element `at` of an array in host memory, as float64.
double LoadElement(Dtype dtype, const void* data, int64_t at);
// Stores the nearest value of the type, ties to even.
void StoreElement(Dtype dtype, void* data, int64_t at, double value);
// The nearest value of the type.
double RoundTo(Dtype dtype, double value);

// Bits of the halves. NaN stays NaN; what is too large becomes infinite.
uint16_t Bf16FromFloat(float value);
float FloatFromBf16(uint16_t bits);
uint16_t F16FromFloat(float value);
float FloatFromF16(uint16_t bits);

}  // namespace basisbench
