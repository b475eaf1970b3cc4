// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/dtype.h"

#include <bit>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "workers/devices/halves.h"

namespace basisbench {
namespace {

struct Properties {
  Dtype dtype;
  const char* name;
  int64_t size;
  double unit_roundoff;
};

constexpr Properties kProperties[] = {{Dtype::kF32, "f32", 4, 0x1p-24},
                                      {Dtype::kF64, "f64", 8, 0x1p-53},
                                      {Dtype::kBf16, "bf16", 2, 0x1p-8},
                                      {Dtype::kF16, "f16", 2, 0x1p-11},
                                      {Dtype::kTf32, "tf32", 4, 0x1p-11}};

const Properties& Of(Dtype dtype) { return kProperties[static_cast<size_t>(dtype)]; }

}  // namespace

absl::string_view DtypeName(Dtype dtype) { return Of(dtype).name; }

absl::StatusOr<Dtype> ParseDtype(absl::string_view name) {
  for (const Properties& known : kProperties) {
    if (name == known.name) return known.dtype;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "no dtype '", name,
      "'; have: ", absl::StrJoin(kProperties, ", ", [](std::string* out, const Properties& known) {
        out->append(known.name);
      })));
}

int64_t DtypeSize(Dtype dtype) { return Of(dtype).size; }

double UnitRoundoff(Dtype dtype) { return Of(dtype).unit_roundoff; }

Dtype ComputeDtype(Dtype dtype) {
  return IsHalf(dtype) || dtype == Dtype::kTf32 ? Dtype::kF32 : dtype;
}

uint16_t Bf16FromFloat(float value) { return Bf16FromBits(std::bit_cast<uint32_t>(value)); }

float FloatFromBf16(uint16_t bits) { return std::bit_cast<float>(BitsFromBf16(bits)); }

uint16_t F16FromFloat(float value) { return F16FromBits(std::bit_cast<uint32_t>(value)); }

float FloatFromF16(uint16_t bits) { return std::bit_cast<float>(BitsFromF16(bits)); }

double LoadElement(Dtype dtype, const void* data, int64_t at) {
  switch (dtype) {
    case Dtype::kF32:
    case Dtype::kTf32:
      return static_cast<const float*>(data)[at];
    case Dtype::kF64:
      return static_cast<const double*>(data)[at];
    case Dtype::kBf16:
      return FloatFromBf16(static_cast<const uint16_t*>(data)[at]);
    case Dtype::kF16:
      return FloatFromF16(static_cast<const uint16_t*>(data)[at]);
  }
  return std::nan("");
}

void StoreElement(Dtype dtype, void* data, int64_t at, double value) {
  switch (dtype) {
    case Dtype::kF32:
    case Dtype::kTf32:
      static_cast<float*>(data)[at] = static_cast<float>(value);
      return;
    case Dtype::kF64:
      static_cast<double*>(data)[at] = value;
      return;
    case Dtype::kBf16:
      static_cast<uint16_t*>(data)[at] = Bf16FromFloat(static_cast<float>(value));
      return;
    case Dtype::kF16:
      static_cast<uint16_t*>(data)[at] = F16FromFloat(static_cast<float>(value));
      return;
  }
}

double RoundTo(Dtype dtype, double value) {
  double rounded = 0;
  StoreElement(dtype, &rounded, 0, value);
  return LoadElement(dtype, &rounded, 0);
}

}  // namespace basisbench
