// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/probes/class_projection.h"
#include "workers/expressiveness/probes/probe_report.h"
#include "workers/expressiveness/probes/recall.h"
#include "workers/expressiveness/rng.h"
#include "workers/expressiveness/targets.h"

namespace basisbench {
namespace {

Matrix<double> RealTarget(const std::string& name, int64_t n) {
  return std::get<Matrix<double>>(MakeTarget(name, n)->matrix);
}

TEST(ClassProjection, SoftmaxMixesAsFarAsTheSimplexReaches) {
  const std::map<std::string, double> known = {
      {"HAAR", .195}, {"WHT", .117}, {"DCT2", .147}, {"HAARW", .470}, {"PERM", 1}};
  for (const auto& [name, captured] : known) {
    const Matrix<double> target = RealTarget(name, 256);
    EXPECT_NEAR(CapturedEnergy(target, ClosestRowStochastic(target)), captured, 1e-3) << name;
  }
}

// The closest point p of a convex set to t: no point q of the set lies on the side of t, (t - p)(q
// - p) <= 0. The corners of the simplex stand for all of it.
TEST(ClassProjection, NoProbabilitiesAreCloser) {
  const Matrix<double> target = RealTarget("CIRC", 64), projected = ClosestRowStochastic(target);
  for (int64_t i = 0; i < 64; ++i) {
    double along = 0;
    for (int64_t j = 0; j < 64; ++j) along += (target(i, j) - projected(i, j)) * projected(i, j);
    for (int64_t corner = 0; corner < 64; ++corner)
      EXPECT_LE(target(i, corner) - projected(i, corner) - along, 1e-12);
  }
}

TEST(ClassProjection, RowsBecomeProbabilitiesAndStayThem) {
  const Matrix<double> projected = ClosestRowStochastic(RealTarget("GAUSS", 64));
  for (int64_t i = 0; i < 64; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < 64; ++j) {
      EXPECT_GE(projected(i, j), 0);
      sum += projected(i, j);
    }
    EXPECT_NEAR(sum, 1, 1e-12);
  }
  EXPECT_NEAR(Energy(Difference(projected, ClosestRowStochastic(projected))), 0, 1e-20);
}

TEST(ClassProjection, LinearAttentionCapturesTheShareOfItsWidth) {
  const Matrix<double> target = RealTarget("HAAR", 64);
  EXPECT_NEAR(CapturedEnergy(target, *ClosestOfRank(target, 16)), .25, 1e-12);
}

TEST(ClassProjection, HankelRankIsTheStateOfARecurrence) {
  // h_t = a_t h_(t-1) + b_t x_t, y_t = c_t h_t with a state of 3 numbers.
  constexpr int64_t kTokens = 24, kState = 3;
  Rng rng(2);
  const Matrix<double> in = rng.NormalMatrix(kTokens, kState);
  const Matrix<double> out = rng.NormalMatrix(kTokens, kState);
  Matrix<double> decay(kTokens, kState), mixing(kTokens, kTokens);
  for (int64_t t = 0; t < kTokens; ++t)
    for (int64_t s = 0; s < kState; ++s) decay(t, s) = .5 + .5 * rng.Uniform();
  for (int64_t j = 0; j < kTokens; ++j) {
    for (int64_t s = 0; s < kState; ++s) {
      double state = in(j, s);
      for (int64_t i = j; i < kTokens; ++i) {
        if (i > j) state *= decay(i, s);
        mixing(i, j) += out(i, s) * state;
      }
    }
  }
  EXPECT_EQ(*HankelRank(mixing, 1e-10), kState);
  EXPECT_EQ(*HankelRank(RealTarget("CAUSAL", 32), 1e-10), 16);
  EXPECT_EQ(*HankelRank(Identity<double>(16), 1e-10), 0);
  // Blocks of hundreds of values of which most are rounding.
  EXPECT_GT(*HankelRank(RealTarget("DCT2", 256), 1e-10), 1);
}

Recall Average(RecallMixer mixer, RecallTask task, int seeds) {
  Recall mean;
  for (int seed = 0; seed < seeds; ++seed) {
    task.seed = 100 + seed;
    const auto one = MeasureRecall(mixer, task);
    EXPECT_TRUE(one.ok()) << one.status();
    mean.accuracy += one->accuracy / seeds;
    mean.squared_error += one->squared_error / seeds;
  }
  return mean;
}

// Each other pair leaks a squared inner product of two random unit vectors, 1 / width on average.
TEST(Recall, LinearAttentionErrsByPairsOverWidth) {
  for (const int64_t pairs : {16, 64}) {
    const RecallTask task{.width = 64, .pairs = pairs, .classes = 4096};
    const double expected = static_cast<double>(pairs - 1) / 64;
    EXPECT_NEAR(Average(RecallMixer::kLinear, task, 20).squared_error, expected, .05 * expected);
  }
}

TEST(Recall, LinearAttentionForgetsAsPairsExceedItsWidth) {
  const RecallTask few{.width = 64, .pairs = 4}, many{.width = 64, .pairs = 2048};
  EXPECT_GT(Average(RecallMixer::kLinear, few, 4).accuracy, .99);
  EXPECT_LT(Average(RecallMixer::kLinear, many, 2).accuracy, .5);
}

TEST(Recall, LeastSquaresIsExactUpToItsWidthAndNotBeyond) {
  EXPECT_NEAR(Average(RecallMixer::kLeastSquares, {.width = 64, .pairs = 64}, 4).squared_error, 0,
              1e-12);
  const RecallTask more{.width = 64, .pairs = 128, .classes = 4096};
  // A projection on 64 of 128 dimensions.
  EXPECT_NEAR(Average(RecallMixer::kLeastSquares, more, 4).squared_error, .5, .03);
}

TEST(Recall, SoftmaxRecallsEverythingAndAConvolutionGuesses) {
  const RecallTask task{.width = 16, .pairs = 256, .classes = 64};
  EXPECT_EQ(Average(RecallMixer::kSoftmax, task, 4).accuracy, 1);
  EXPECT_NEAR(Average(RecallMixer::kFixedGap, task, 20).accuracy, 1.0 / 64, .01);
}

TEST(Recall, NamesAnImpossibleTask) {
  const auto result = MeasureRecall(RecallMixer::kLinear, {.width = 0});
  EXPECT_TRUE(absl::IsInvalidArgument(result.status())) << result.status();
}

TEST(ProbeReport, HoldsTheRealTargetsAndEveryNumberOfPairs) {
  const std::vector<Target> targets = {*MakeTarget("DFT", 16), *MakeTarget("PERM", 16)};
  const auto classes = ProbeClasses(targets);
  ASSERT_TRUE(classes.ok()) << classes.status();
  for (const ClassProbe& probe : *classes) {
    EXPECT_EQ(probe.targets, std::vector<std::string>{"PERM"}) << probe.mixer;
    EXPECT_EQ(probe.n, 16);
  }
  EXPECT_NEAR(classes->front().values.front(), 1, 1e-12);  // a permutation is row-stochastic
  const auto recall = ProbeRecall();
  ASSERT_TRUE(recall.ok()) << recall.status();
  const std::string csv = PrintProbes(*classes, *recall, ReportFormat::kCsv);
  EXPECT_THAT(csv, testing::HasSubstr("mixer,measure,n,PERM\n"
                                      "softmax_attention,captured energy,16,1.00000\n"
                                      "linear_attention{d_k=1},captured energy,16,0.06250\n"));
  EXPECT_THAT(csv, testing::HasSubstr("softmax_attention,64,256,1.000,0.0000\n"));
  const auto json = nlohmann::json::parse(PrintProbes(*classes, *recall, ReportFormat::kJson));
  EXPECT_EQ(json["classes"][0]["values"]["PERM"], 1.0);
  EXPECT_EQ(json["recall"].size(), 4 * recall->size());
}

}  // namespace
}  // namespace basisbench
