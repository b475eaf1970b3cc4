// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/dtype.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace basisbench {
namespace {

TEST(Dtype, NamesComeBackFromParsing) {
  for (Dtype dtype : {Dtype::kF32, Dtype::kF64, Dtype::kBf16, Dtype::kF16}) {
    auto parsed = ParseDtype(DtypeName(dtype));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, dtype);
  }
}

TEST(Dtype, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const auto parsed = ParseDtype("f8");
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(parsed.status().message()),
              testing::HasSubstr("'f8'; have: f32, f64, bf16, f16, tf32"));
}

TEST(Dtype, SizeAndRoundoffAreThoseOfIeee) {
  EXPECT_EQ(DtypeSize(Dtype::kF32), 4);
  EXPECT_EQ(DtypeSize(Dtype::kF64), 8);
  EXPECT_EQ(DtypeSize(Dtype::kBf16), 2);
  EXPECT_EQ(DtypeSize(Dtype::kF16), 2);
  EXPECT_EQ(1.0f + static_cast<float>(UnitRoundoff(Dtype::kF32)), 1.0f);
  EXPECT_EQ(1.0 + UnitRoundoff(Dtype::kF64), 1.0);
}

}  // namespace
}  // namespace basisbench
