// SPDX-License-Identifier: Apache-2.0
// Which family holds which basis exactly, and which it does not.
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/orders.h"
#include "workers/expressiveness/rng.h"
#include "workers/expressiveness/score.h"

namespace basisbench {
namespace {

struct Case {
  std::string family;
  std::map<std::string, std::string> parameters;
  std::string target;
  std::string orders;  // "OUT,IN"
  bool contained;
};

TEST(Containment, FamiliesHoldTheBasesTheyShould) {
  const Case cases[] = {
      {"matmul", {}, "HAAR", "I,I", true},
      {"strassen", {}, "GAUSS", "I,I", true},
      {"stl", {{"rank", "49"}}, "GAUSS", "I,I", true},
      {"stl", {{"tile", "2"}, {"rank", "6"}}, "GAUSS", "I,I", false},
      {"sparse24", {}, "PERM", "I,I", true},
      {"sparse24", {}, "WHT", "I,I", false},
      {"sparse24", {}, "HAARW", "I,I", false},
      {"lowrank", {{"rank", "64"}}, "HAAR", "I,I", true},
      {"lowrank", {{"rank", "63"}}, "HAAR", "I,I", false},
      {"lowrank", {}, "LOWRANK", "I,I", true},
      {"kron", {}, "WHT", "I,I", true},
      {"kron", {}, "HAARW", "I,I", false},
      {"kron", {{"terms", "22"}}, "HAARW", "I,I", true},
      {"kron", {{"terms", "21"}}, "HAARW", "I,I", false},
      {"kron", {{"terms", "8"}}, "CIRC", "I,I", true},
      {"butterfly", {}, "WHT", "I,I", true},
      {"butterfly", {}, "DFT", "I,R", true},
      {"butterfly", {}, "DFT", "I,I", false},
      {"butterfly", {}, "HAARW", "W,I", true},
      {"butterfly", {}, "BFLY", "I,I", true},
      {"butterfly", {}, "PERM", "I,I", false},
      {"butterfly", {}, "CIRC", "I,I", false},
      {"block_butterfly", {{"block", "4"}}, "BFLY", "I,I", true},
      {"block_butterfly", {{"block", "4"}}, "DFT", "I,I", false},
      {"monarch", {}, "WHT", "I,I", true},
      {"monarch", {}, "DFT", "I,S", true},
      {"monarch", {}, "DFT", "I,I", false},
      {"monarch", {}, "HAARW", "W,I", true},
      {"monarch", {}, "PERM", "I,I", false},
      {"monarch", {}, "BFLY", "I,I", true},
      {"monarch", {}, "LOWRANK", "I,I", false},
      {"monarch_p", {{"order", "6"}}, "BFLY", "I,I", true},
      {"monarch_p", {{"order", "3"}}, "WHT", "I,I", true},
      {"btt", {{"rank", "8"}}, "HAAR", "I,I", true},
      {"btt", {{"rank", "1"}, {"block_order", "strided"}}, "DFT", "I,S", true},
      {"btt", {{"rank", "1"}, {"block_order", "strided"}}, "WHT", "I,I", true},
      {"btt", {{"rank", "1"}}, "WHT", "I,I", false},
      {"btt", {{"rank", "2"}}, "DFT", "I,I", false},
      {"kaleidoscope", {}, "WHT", "I,I", true},
      {"kaleidoscope", {}, "PERM", "I,I", true},
      {"kaleidoscope", {}, "CIRC", "I,I", true},
      {"kaleidoscope", {}, "DFT", "I,I", false},
      {"kaleidoscope", {{"width", "2"}}, "DFT", "I,I", true},
      {"kaleidoscope", {{"width", "2"}}, "HAARW", "I,I", true},
      {"circulant", {}, "CIRC", "I,I", true},
      {"circulant", {}, "DFT", "I,I", false},
      {"toeplitz", {}, "CIRC", "I,I", true},
      {"toeplitz", {}, "CAUSAL", "I,I", true},
      {"polymul", {}, "CAUSAL", "I,I", true},
      {"polymul", {}, "CIRC", "I,I", false},
      {"ldr", {{"rank", "2"}}, "CAUSAL", "I,I", true},
      {"ldr", {{"rank", "64"}}, "HAAR", "I,I", true},
      {"group_conv", {}, "CIRC", "I,I", true},
      {"group_conv", {{"group", "xor"}}, "CIRC", "I,I", false},
      {"tproduct", {{"faces", "64"}}, "CIRC", "I,I", true},
      {"tproduct", {{"faces", "1"}}, "HAAR", "I,I", true},
      {"gate", {}, "WHT", "I,I", false},
      {"dct", {}, "DCT2", "I,I", true},
      {"wht", {}, "WHT", "I,I", true},
      {"dwt", {}, "HAARW", "I,I", true},
      {"dwt", {{"wavelet", "db2"}}, "HAARW", "I,I", false},
      {"fnet", {}, "DFT", "I,I", false},
      {"dwhtd", {}, "WHT", "I,I", true},
      {"dwhtd", {}, "DFT", "I,I", false},
  };
  for (const Case& c : cases) {
    const auto family = ResolveFamily(c.family, c.parameters, 64);
    ASSERT_TRUE(family.ok()) << family.status();
    Target target = *MakeTarget(c.target, 64);
    std::visit(
        [&](auto& matrix) {
          matrix = Reorder(matrix, OrderOf(c.orders[0], 64), OrderOf(c.orders[2], 64));
        },
        target.matrix);
    const auto fit = FitTarget(*family, target, false);
    ASSERT_TRUE(fit.ok()) << fit.status();
    EXPECT_EQ(fit->captured > 1 - 1e-9, c.contained)
        << family->text << " " << c.target << " " << c.orders << ": " << fit->captured;
  }
}

// A member of a family is its own closest member, for every family that is a set of matrices and
// whose fit is exact for members.
TEST(Containment, TheReportedMemberIsAMember) {
  for (const char* name : {"lowrank",   "kron",      "monarch",         "btt",       "einsum",
                           "blockdiag", "butterfly", "block_butterfly", "monarch_p", "circulant",
                           "toeplitz",  "polymul",   "short_conv",      "tproduct",  "group_conv",
                           "dwhtd",     "sparse24",  "ksparse",         "gate",      "ldr",
                           "dct"}) {
    const auto info = ResolveFamily(name, {}, 64);
    ASSERT_TRUE(info.ok()) << info.status();
    const Target gauss = *MakeTarget("GAUSS", 64);
    const auto family = MakeResolved(*info);
    ASSERT_TRUE(family.ok()) << family.status();
    const auto member = family->Closest(std::get<Matrix<double>>(gauss.matrix));
    ASSERT_TRUE(member.ok()) << member.status();
    EXPECT_NEAR(FitTarget(*info, {"member", 64, *member}, false)->captured, 1, 1e-9) << name;
  }
}

// Convolution over Z_2^k is diagonal in the Walsh basis.
TEST(Containment, XorConvolutionIsDiagonalInTheWalshBasis) {
  const Matrix<double> wht = std::get<Matrix<double>>(MakeTarget("WHT", 32)->matrix);
  const Matrix<double> weights = Rng(4).NormalMatrix(1, 32);
  Matrix<double> diagonal(32, 32);
  for (int64_t i = 0; i < 32; ++i) diagonal(i, i) = weights(0, i);
  const Matrix<double> convolution = *Multiply(*Multiply(wht, diagonal), wht);
  const auto family = ResolveFamily("group_conv", {{"group", "xor"}}, 32);
  EXPECT_NEAR(FitTarget(*family, {"xor", 32, convolution}, false)->captured, 1, 1e-12);
}

}  // namespace
}  // namespace basisbench
