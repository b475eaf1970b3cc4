// SPDX-License-Identifier: Apache-2.0
// Seeded values and typed helpers for the device tests. Owned by the tests; any thread.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "workers/devices/device.h"

namespace basisbench {

// The device under test: what it is, is up to the program (test_device_*.cc).
std::unique_ptr<Device> TestDevice(int64_t memory_limit = 0);

template <typename T>
constexpr Dtype kDtypeOf = sizeof(T) == 4 ? Dtype::kF32 : Dtype::kF64;

template <typename T>
std::vector<T> RandomValues(int64_t count, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(uniform(generator));
  return values;
}

// ||got - want|| / ||want|| in units of T's roundoff.
template <typename T>
double ErrorInRoundoffs(const std::vector<T>& got, const std::vector<double>& want) {
  double error = 0, size = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    error += (got[i] - want[i]) * (got[i] - want[i]);
    size += want[i] * want[i];
  }
  if (size == 0) return error == 0 ? 0 : INFINITY;
  return std::sqrt(error / size) / UnitRoundoff(kDtypeOf<T>);
}

}  // namespace basisbench
