// SPDX-License-Identifier: Apache-2.0
// Degrees of freedom: the rank of the Jacobian of an independent parametrisation at a random point.
#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/workers/expressiveness/low_displacement.h"
#include "workers/expressiveness/catalogue.h"
#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/orders.h"
#include "workers/expressiveness/rng.h"
#include "workers/expressiveness/transforms.h"

namespace basisbench {
namespace {

using Parametrisation = std::function<Matrix<double>(const std::vector<double>&)>;

int64_t JacobianRank(const Parametrisation& map, int64_t parameters) {
  constexpr double kStep = 1e-5;
  Rng rng(7);
  std::vector<double> point(parameters);
  for (double& x : point) x = rng.Normal();
  const int64_t entries = map(point).rows() * map(point).cols();
  Matrix<double> jacobian(parameters, entries);
  for (int64_t p = 0; p < parameters; ++p) {
    std::vector<double> up = point, down = point;
    up[p] += kStep;
    down[p] -= kStep;
    const Matrix<double> change = Difference(map(up), map(down));
    for (int64_t e = 0; e < entries; ++e) jacobian(p, e) = change.data()[e] / (2 * kStep);
  }
  const auto svd = DecomposeSingular(jacobian);
  EXPECT_TRUE(svd.ok());
  return std::count_if(svd->s.begin(), svd->s.end(),
                       [&](double s) { return s > 1e-7 * svd->s.front(); });
}

Matrix<double> Filled(int64_t rows, int64_t cols, const std::vector<double>& from, int64_t& next) {
  Matrix<double> out(rows, cols);
  for (int64_t i = 0; i < rows * cols; ++i) out.data()[i] = from[next++];
  return out;
}

Matrix<double> LowRank(int64_t n, int64_t rank, const std::vector<double>& p) {
  int64_t next = 0;
  const Matrix<double> u = Filled(n, rank, p, next), v = Filled(rank, n, p, next);
  return *Multiply(u, v);
}

Matrix<double> Kronecker(int64_t side, int64_t terms, const std::vector<double>& p) {
  int64_t next = 0;
  Matrix<double> out(side * side, side * side);
  for (int64_t k = 0; k < terms; ++k) {
    const Matrix<double> a = Filled(side, side, p, next), b = Filled(side, side, p, next);
    for (int64_t i = 0; i < side * side; ++i)
      for (int64_t j = 0; j < side * side; ++j)
        out(i, j) += a(i / side, j / side) * b(i % side, j % side);
  }
  return out;
}

// y[s m + l] = sum_k w2[l, s, k] sum_p w1[k, l, p] x[k m + p].
Matrix<double> Monarch(int64_t m, const std::vector<double>& p) {
  Matrix<double> out(m * m, m * m);
  for (int64_t l = 0; l < m; ++l)
    for (int64_t k = 0; k < m; ++k)
      for (int64_t s = 0; s < m; ++s)
        for (int64_t q = 0; q < m; ++q)
          out(s * m + l, k * m + q) = p[(k * m + l) * m + q] * p[m * m * m + (l * m + s) * m + k];
  return out;
}

// Applies the stage of one stride and radix to the rows of `to`: groups of `radix` rows, `stride`
// apart, are mixed by dense blocks.
Matrix<double> Stage(int64_t stride, int64_t radix, Matrix<double> to, const std::vector<double>& p,
                     int64_t& next) {
  const int64_t n = to.rows();
  Matrix<double> out(n, to.cols());
  for (int64_t i = 0; i < n; ++i) {
    if (i / stride % radix != 0) continue;
    const Matrix<double> block = Filled(radix, radix, p, next);
    for (int64_t a = 0; a < radix; ++a)
      for (int64_t b = 0; b < radix; ++b)
        for (int64_t j = 0; j < to.cols(); ++j)
          out(i + a * stride, j) += block(a, b) * to(i + b * stride, j);
  }
  return out;
}

// Stages of these strides and radices, the first next to the input.
Matrix<double> Stages(int64_t n, const std::vector<std::pair<int64_t, int64_t>>& stages,
                      const std::vector<double>& p) {
  Matrix<double> out = Identity<double>(n);
  int64_t next = 0;
  for (const auto& [stride, radix] : stages) out = Stage(stride, radix, std::move(out), p, next);
  return out;
}

Matrix<double> Scaled(Matrix<double> a, const double* by) {
  for (int64_t i = 0; i < a.rows(); ++i)
    for (int64_t j = 0; j < a.cols(); ++j) a(i, j) *= by[i];
  return a;
}

Matrix<double> Acdc(int64_t n, const std::vector<double>& p) {
  const Matrix<double> dct = DctMatrix(n);
  return Scaled(*Multiply(Adjoint(dct), Scaled(dct, p.data())), p.data() + n);
}

Matrix<double> Fastfood(int64_t n, const std::vector<double>& p) {
  const Matrix<double> wht = WhtMatrix(n);
  const std::vector<int64_t> place = Rng(5).Permutation(n);
  const Matrix<double> right = *Multiply(wht, Scaled(Identity<double>(n), p.data()));
  Matrix<double> shuffled(n, n);
  for (int64_t i = 0; i < n; ++i) std::copy_n(right.row(place[i]), n, shuffled.row(i));
  return Scaled(*Multiply(wht, Scaled(shuffled, p.data() + n)), p.data() + 2 * n);
}

Matrix<double> DressedWht(int64_t n, const std::vector<double>& p) {
  return Scaled(*Multiply(WhtMatrix(n), Scaled(Identity<double>(n), p.data())), p.data() + n);
}

absl::StatusOr<Family> Make(const std::string& name, int64_t n,
                            const std::map<std::string, std::string>& parameters) {
  const CatalogueEntry& entry = **FindFamily(name);
  return entry.make(WithDefaults(entry, n, parameters));
}

struct Case {
  std::string name;
  int64_t n;
  std::map<std::string, std::string> parameters;
  int64_t arguments;
  Parametrisation map;
};

TEST(DegreesOfFreedom, AreTheRankOfTheJacobian) {
  const auto with = [](auto function, auto... sizes) -> Parametrisation {
    return [=](const std::vector<double>& p) { return function(sizes..., p); };
  };
  using Plan = std::vector<std::pair<int64_t, int64_t>>;
  const Case cases[] = {
      {"lowrank", 16, {{"rank", "3"}}, 96, with(LowRank, int64_t{16}, int64_t{3})},
      {"kron", 16, {{"terms", "1"}}, 32, with(Kronecker, int64_t{4}, int64_t{1})},
      {"kron", 16, {{"terms", "2"}}, 64, with(Kronecker, int64_t{4}, int64_t{2})},
      {"monarch", 16, {{"blocks", "4"}}, 128, with(Monarch, int64_t{4})},
      {"monarch_p", 16, {{"order", "2"}}, 128, with(Stages, int64_t{16}, Plan{{1, 4}, {4, 4}})},
      {"monarch_p",
       16,
       {{"order", "3"}},
       128,
       with(Stages, int64_t{16}, Plan{{1, 2}, {2, 2}, {4, 4}})},
      {"butterfly", 8, {}, 48, with(Stages, int64_t{8}, Plan{{1, 2}, {2, 2}, {4, 2}})},
      {"butterfly", 16, {}, 128, with(Stages, int64_t{16}, Plan{{1, 2}, {2, 2}, {4, 2}, {8, 2}})},
      {"kaleidoscope",
       8,
       {{"width", "1"}},
       80,
       with(Stages, int64_t{8}, Plan{{4, 2}, {2, 2}, {1, 2}, {2, 2}, {4, 2}})},
      {"acdc", 16, {}, 32, with(Acdc, int64_t{16})},
      {"fastfood", 16, {}, 48, with(Fastfood, int64_t{16})},
      {"dwhtd", 16, {}, 32, with(DressedWht, int64_t{16})},
      {"ldr", 16, {{"rank", "2"}}, 64, with(LowDisplacement, int64_t{16}, int64_t{2})},
  };
  for (const Case& c : cases) {
    const auto family = Make(c.name, c.n, c.parameters);
    ASSERT_TRUE(family.ok()) << family.status();
    EXPECT_EQ(family->cost.degrees_of_freedom.value_or(-1), JacobianRank(c.map, c.arguments))
        << c.name << " n=" << c.n;
  }
}

// The values other people verified, so that formula and test cannot drift together.
TEST(DegreesOfFreedom, HaveTheKnownValues) {
  const auto dof = [](const std::string& name, int64_t n,
                      const std::map<std::string, std::string>& parameters) {
    return Make(name, n, parameters)->cost.degrees_of_freedom.value_or(-1);
  };
  EXPECT_EQ(dof("lowrank", 16, {{"rank", "3"}}), 87);
  EXPECT_EQ(dof("kron", 16, {{"terms", "2"}}), 60);
  EXPECT_EQ(dof("monarch", 16, {{"blocks", "4"}}), 112);
  EXPECT_EQ(dof("butterfly", 8, {}), 32);
  EXPECT_EQ(dof("butterfly", 16, {}), 80);
  EXPECT_EQ(dof("kaleidoscope", 16, {{"width", "1"}}), 128);
  EXPECT_EQ(dof("acdc", 16, {}), 31);
  EXPECT_EQ(dof("fastfood", 16, {}), 46);
}

}  // namespace
}  // namespace basisbench
