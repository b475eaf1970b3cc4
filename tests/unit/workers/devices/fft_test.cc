// SPDX-License-Identifier: Apache-2.0
// Both transforms against the definition: the one the build picked (through the device) and the
// built-in one.
#include "workers/devices/cpu/fft.h"

#include <complex>
#include <functional>
#include <numbers>

#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/stock_fft.h"

namespace basisbench {
namespace {

using Maker =
    std::function<std::unique_ptr<FftPlan>(const FftDescription& description, void* in, void* out)>;

std::unique_ptr<FftPlan> ByDevice(const FftDescription& description, void* in, void* out) {
  static const std::unique_ptr<Device> device = TestDevice();  // outlives its plans
  auto plan = device->MakeFft(description, in, out);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? std::move(*plan) : nullptr;
}

struct Implementation {
  std::string name;
  Maker make;
};

const std::vector<Implementation>& Implementations() {
  static const auto* const all =
      new std::vector<Implementation>{{"device", ByDevice}, {"built-in", MakeStockFftPlan}};
  return *all;
}

template <typename T>
struct Case {
  FftDescription d;
  std::vector<T> in;  // reals or interleaved pairs
  std::vector<T> out;
};

template <typename T>
Case<T> MakeCase(bool real, int64_t n, int64_t howmany, bool columns) {
  Case<T> c;
  c.d.dtype = kDtypeOf<T>;
  c.d.real_input = real;
  c.d.n = n;
  c.d.howmany = howmany;
  const int64_t bins = real ? n / 2 + 1 : n;
  c.d.in_stride = columns ? howmany + 1 : 1;
  c.d.in_distance = columns ? 1 : n + 2;
  c.d.out_stride = columns ? howmany + 2 : 1;
  c.d.out_distance = columns ? 1 : bins + 1;
  c.in.resize((n + 3) * (howmany + 3) * (real ? 1 : 2));
  c.out.resize((bins + 3) * (howmany + 3) * 2);
  return c;
}

// In place: plans keep the address.
template <typename T>
void Fill(Case<T>* c, uint64_t seed) {
  const auto values = RandomValues<T>(c->in.size(), seed);
  std::copy(values.begin(), values.end(), c->in.begin());
}

template <typename T>
std::complex<double> In(const Case<T>& c, int64_t vector, int64_t t) {
  const int64_t at = vector * c.d.in_distance + t * c.d.in_stride;
  return c.d.real_input ? std::complex<double>(c.in[at])
                        : std::complex<double>(c.in[2 * at], c.in[2 * at + 1]);
}

// Relative error over all outputs, in roundoffs.
template <typename T>
double DftError(const Case<T>& c) {
  std::vector<std::complex<double>> turns(c.d.n);
  for (int64_t k = 0; k < c.d.n; ++k) {
    turns[k] = std::polar(
        1.0, -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(c.d.n));
  }
  double error = 0, size = 0;
  for (int64_t vector = 0; vector < c.d.howmany; ++vector) {
    for (int64_t k = 0; k < (c.d.real_input ? c.d.n / 2 + 1 : c.d.n); ++k) {
      std::complex<double> want = 0;
      for (int64_t t = 0; t < c.d.n; ++t) want += In(c, vector, t) * turns[t * k % c.d.n];
      const int64_t at = 2 * (vector * c.d.out_distance + k * c.d.out_stride);
      error += std::norm(std::complex<double>(c.out[at], c.out[at + 1]) - want);
      size += std::norm(want);
    }
  }
  return std::sqrt(error / size) / UnitRoundoff(c.d.dtype);
}

template <typename T>
class Fft : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Fft, Types);

TYPED_TEST(Fft, EqualsTheDefinitionForAnyLength) {
  for (const Implementation& implementation : Implementations()) {
    for (int64_t n :
         {1, 2, 3, 4, 5, 8, 12, 16, 17, 30, 31, 37, 49, 64, 74, 97, 120, 128, 210, 243}) {
      for (bool real : {true, false}) {
        for (bool columns : {false, true}) {
          auto c = MakeCase<TypeParam>(real, n, 11, columns);
          auto plan = implementation.make(c.d, c.in.data(), c.out.data());
          ASSERT_NE(plan, nullptr);
          Fill(&c, n);
          const auto before = c.in;
          ASSERT_TRUE(plan->Execute().ok());
          EXPECT_LT(DftError(c), 12)
              << implementation.name << " n=" << n << " real=" << real << " columns=" << columns;
          EXPECT_EQ(c.in, before) << "input changed";
        }
      }
    }
  }
}

// There and back is n times the input, real and complex, along rows and columns.
TYPED_TEST(Fft, ComesBackByTheInverse) {
  for (const Implementation& implementation : Implementations()) {
    for (int64_t n : {1, 2, 3, 8, 15, 16, 37, 64, 97, 128}) {
      for (bool real : {true, false}) {
        for (bool columns : {false, true}) {
          auto c = MakeCase<TypeParam>(real, n, 11, columns);
          FftDescription back = c.d;
          back.real_input = false;
          back.real_output = real;
          back.inverse = true;
          std::swap(back.in_stride, back.out_stride);
          std::swap(back.in_distance, back.out_distance);
          std::vector<TypeParam> again(c.in.size());
          auto forward = implementation.make(c.d, c.in.data(), c.out.data());
          auto inverse = implementation.make(back, c.out.data(), again.data());
          ASSERT_NE(inverse, nullptr);
          Fill(&c, n);
          ASSERT_TRUE(forward->Execute().ok());
          ASSERT_TRUE(inverse->Execute().ok());
          const int parts = real ? 1 : 2;
          for (int64_t vector = 0; vector < c.d.howmany; ++vector) {
            for (int64_t at = 0; at < n * parts; ++at) {
              const int64_t place =
                  (vector * c.d.in_distance + at / parts * c.d.in_stride) * parts + at % parts;
              EXPECT_NEAR(again[place] / static_cast<double>(n), c.in[place],
                          40 * UnitRoundoff(c.d.dtype))
                  << implementation.name << " n=" << n << " real=" << real << " columns=" << columns
                  << " vector " << vector << " element " << at;
            }
          }
        }
      }
    }
  }
}

TEST(FftTest, RefusesRealSidesOfTheWrongDirection) {
  FftDescription description{.n = 8, .howmany = 1};
  description.real_output = true;
  EXPECT_FALSE(CheckFft(description).ok());
  description.inverse = true;
  EXPECT_TRUE(CheckFft(description).ok());
  description.real_output = false;
  description.real_input = true;
  EXPECT_FALSE(CheckFft(description).ok());
}

TYPED_TEST(Fft, KeepsEnergyAtModelSizes) {
  for (const Implementation& implementation : Implementations()) {
    for (int64_t n : {512, 768, 1009, 1024}) {
      auto c = MakeCase<TypeParam>(false, n, 3, false);
      auto plan = implementation.make(c.d, c.in.data(), c.out.data());
      ASSERT_NE(plan, nullptr);
      Fill(&c, n);
      ASSERT_TRUE(plan->Execute().ok());
      for (int64_t vector = 0; vector < c.d.howmany; ++vector) {
        double time = 0, frequency = 0;
        for (int64_t k = 0; k < n; ++k) {
          const int64_t at = 2 * (vector * c.d.out_distance + k);
          time += std::norm(In(c, vector, k));
          frequency += static_cast<double>(c.out[at]) * c.out[at] +
                       static_cast<double>(c.out[at + 1]) * c.out[at + 1];
        }
        EXPECT_NEAR(frequency / (static_cast<double>(n) * time), 1.0, 30 * UnitRoundoff(c.d.dtype));
      }
    }
  }
}

TYPED_TEST(Fft, IsLinear) {
  for (const Implementation& implementation : Implementations()) {
    auto a = MakeCase<TypeParam>(true, 120, 5, true);
    auto b = a, sum = a;
    auto plan_a = implementation.make(a.d, a.in.data(), a.out.data());
    auto plan_b = implementation.make(b.d, b.in.data(), b.out.data());
    auto plan_sum = implementation.make(sum.d, sum.in.data(), sum.out.data());
    Fill(&a, 1);
    Fill(&b, 2);
    for (size_t i = 0; i < a.in.size(); ++i) sum.in[i] = 2 * a.in[i] - b.in[i];
    for (auto* plan : {plan_a.get(), plan_b.get(), plan_sum.get()}) {
      ASSERT_TRUE(plan->Execute().ok());
    }
    std::vector<double> want(a.out.size());
    for (size_t i = 0; i < want.size(); ++i) want[i] = 2.0 * a.out[i] - b.out[i];
    EXPECT_LT(ErrorInRoundoffs(sum.out, want), 12) << implementation.name;
  }
}

TEST(FftArguments, NothingToTransformIsNoWork) {
  for (const Implementation& implementation : Implementations()) {
    auto c = MakeCase<float>(true, 16, 0, false);
    auto plan = implementation.make(c.d, c.in.data(), c.out.data());
    ASSERT_NE(plan, nullptr);
    EXPECT_TRUE(plan->Execute().ok());
  }
}

TEST(FftArguments, AnImpossibleLengthIsNamed) {
  FftDescription d;
  d.n = 0;
  auto plan = TestDevice()->MakeFft(d, nullptr, nullptr);
  EXPECT_EQ(plan.status().message(), "FFT length 0 is below 1");
}

}  // namespace
}  // namespace basisbench
