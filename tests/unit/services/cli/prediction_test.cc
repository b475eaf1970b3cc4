// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kGamma = 2e-11, kMu = 0.7, kAlpha = 3e-6, kBeta = 1e-10;

// What a machine with the planted parameters would show.
double Planted(const RankLoad& load) {
  const double rate = load.kernel == "wht" ? 5 * kGamma : kGamma;
  return rate * load.flops + kMu * load.memory_seconds + kAlpha * load.messages +
         kBeta * load.wire_bytes;
}

RankLoad LoadAt(const std::string& kernel, double size, uint32_t ranks, Level level) {
  RankLoad load{.kernel = kernel, .level = level, .ranks = ranks};
  load.flops = 2 * size * size * size / ranks;
  load.memory_seconds = 8 * size * size / ranks / 1e10 * (kernel == "wht" ? 3 : 1);
  load.messages = ranks - 1;
  load.wire_bytes = ranks > 1 ? 4 * size * size / ranks : 0;
  return load;
}

std::vector<Observation> Sweep(const std::string& kernel, Level level) {
  std::vector<Observation> observations;
  for (const double size : {64, 128, 256, 512}) {
    for (const uint32_t ranks : {1, 2, 4}) {
      const RankLoad load = LoadAt(kernel, size, ranks, ranks == 1 ? Level::kWorker : level);
      observations.push_back(
          {.key = absl::StrCat(kernel, size, "@", ranks), .load = load, .seconds = Planted(load)});
    }
  }
  return observations;
}

std::vector<Observation> Joined(std::vector<Observation> a, const std::vector<Observation>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string Why(const PredictionFit& fit, const RankLoad& load) {
  const auto prediction = fit.Predict(load, std::nullopt);
  EXPECT_TRUE(absl::IsFailedPrecondition(prediction.status())) << prediction.status();
  return std::string(prediction.status().message());
}

TEST(PredictionFit, RecoversPlantedParametersAndPredictsFarBeyond) {
  const PredictionFit fit(Joined(Sweep("matmul", Level::kNetwork), Sweep("wht", Level::kNetwork)));
  EXPECT_NEAR(fit.model().kernels.at("matmul").seconds_per_flop / kGamma, 1, 1e-6);
  EXPECT_NEAR(fit.model().kernels.at("wht").seconds_per_flop / kGamma, 5, 1e-6);
  EXPECT_NEAR(fit.model().kernels.at("wht").memory_factor, kMu, 1e-6);
  EXPECT_NEAR(fit.model().links.at(Level::kNetwork).seconds_per_message / kAlpha, 1, 1e-6);
  EXPECT_NEAR(fit.model().links.at(Level::kNetwork).seconds_per_byte / kBeta, 1, 1e-6);
  const RankLoad asked = LoadAt("wht", 512, 1024, Level::kNetwork);
  const auto prediction = fit.Predict(asked, std::nullopt);
  ASSERT_TRUE(prediction.ok()) << prediction.status();
  EXPECT_NEAR(prediction->seconds / Planted(asked), 1, 1e-6);
  EXPECT_NEAR(prediction->terms.latency, 1023 * kAlpha, 1e-9);
  EXPECT_LT(prediction->leave_one_out.largest_error, 1e-6);
  ASSERT_TRUE(prediction->largest_ranks.has_value());
  EXPECT_LT(prediction->largest_ranks->largest_error, 1e-6);
  EXPECT_EQ(fit.most_ranks(), 4u);
  EXPECT_TRUE(prediction->communicates);
  EXPECT_FALSE(prediction->link_given);
}

// A kernel whose time is gamma * flops alone: leaving one of two loads out makes the other's ratio
// of time to FLOPs the prediction.
TEST(LeaveOneOut, IsWhatTheOthersSay) {
  const auto of = [](const char* key, double flops, double seconds) {
    return Observation{.key = key, .load = {.kernel = "k", .flops = flops}, .seconds = seconds};
  };
  const std::vector<Observation> observations = {of("a", 100, 1), of("b", 100, 2)};
  const auto predicted = LeaveOneOut(observations);
  EXPECT_NEAR(*predicted[0], 2, 1e-9);
  EXPECT_NEAR(*predicted[1], 1, 1e-9);
  // Relative least squares over three: gamma = sum(f/t) / sum((f/t)^2).
  const std::vector<Observation> three = {of("a", 100, 1), of("b", 100, 2), of("c", 100, 4)};
  EXPECT_NEAR(*LeaveOneOut(three)[0], 100 * (50.0 + 25) / (50.0 * 50 + 25 * 25), 1e-9);
  EXPECT_NEAR(*LeaveOneOut(three)[2], 100 * (100.0 + 50) / (100.0 * 100 + 50 * 50), 1e-9);
}

TEST(LeaveOneOut, LeavesOutRepetitionsTogetherAndPredictsNothingFromNothing) {
  const auto of = [](const char* key, const char* kernel, double seconds) {
    return Observation{.key = key, .load = {.kernel = kernel, .flops = 100}, .seconds = seconds};
  };
  // Were its twin kept, "a" would be predicted at 1.
  const auto predicted = LeaveOneOut(std::vector<Observation>{of("a", "k", 1), of("a", "k", 1),
                                                              of("b", "k", 3), of("c", "only", 7)});
  EXPECT_NEAR(*predicted[0], 3, 1e-9);
  EXPECT_NEAR(*predicted[1], 3, 1e-9);
  EXPECT_FALSE(predicted[3].has_value());
}

TEST(PredictionFit, ReportsTheErrorOfWhatItWasNotShownAndAnIntervalFromIt) {
  std::vector<Observation> observations;
  for (int i = 0; i < 4; ++i) {
    observations.push_back({.key = absl::StrCat(i),
                            .load = {.kernel = "k", .flops = 100},
                            .seconds = i == 3 ? 2.0 : 1.0});
  }
  const PredictionFit fit(observations);
  const auto prediction = fit.Predict({.kernel = "k", .flops = 100}, std::nullopt);
  ASSERT_TRUE(prediction.ok()) << prediction.status();
  // Of the three at 1 each is predicted from {1, 1, 2}: (1 + 1 + 1/2) / (1 + 1 + 1/4) rates, that
  // is 0.9 s; the one at 2 from {1, 1, 1}.
  const HeldOut& held = prediction->leave_one_out;
  ASSERT_EQ(held.ratios.size(), 4u);
  EXPECT_NEAR(held.ratios[0], 0.9, 1e-9);
  EXPECT_NEAR(held.ratios[3], 2.0, 1e-9);
  EXPECT_NEAR(held.median_error, 1 / 0.9 - 1, 1e-9);
  EXPECT_NEAR(held.largest_error, 0.5, 1e-9);
  EXPECT_NEAR(prediction->low, 0.9 * prediction->seconds, 1e-9);
  EXPECT_NEAR(prediction->high, 2.0 * prediction->seconds, 1e-9);
  EXPECT_NEAR(prediction->coverage, 0.6, 1e-9);  // 1 - 2 / (4 + 1)
  EXPECT_FALSE(prediction->largest_ranks.has_value()) << "there is one world size";
}

TEST(PredictionFit, TrimsTheMostExtremeRatiosOfMany) {
  std::vector<Observation> observations;
  for (int i = 0; i < 99; ++i) {
    observations.push_back({.key = absl::StrCat(i),
                            .load = {.kernel = "k", .flops = 100},
                            .seconds = i < 2 ? 10 : 1 + 0.001 * (i % 10)});
  }
  const PredictionFit fit(observations);
  const auto prediction = fit.Predict({.kernel = "k", .flops = 100}, std::nullopt);
  EXPECT_NEAR(prediction->coverage, 0.96, 1e-9);  // the second ratio from either end of 99
  EXPECT_GT(prediction->high, 5 * prediction->seconds) << "the second largest is an outlier too";
}

TEST(PredictionFit, RefusesWhatItWasNotShown) {
  std::vector<Observation> one_worker = Sweep("matmul", Level::kWorker);
  const PredictionFit fit(one_worker);
  EXPECT_THAT(Why(fit, LoadAt("fnet", 64, 2, Level::kWorker)),
              HasSubstr("0 distinct cases of fnet and needs 4"));
  EXPECT_THAT(Why(fit, LoadAt("matmul", 64, 1024, Level::kNetwork)),
              HasSubstr("the fitted cases ran on one worker; 1024 ranks would send messages on "
                        "several hosts, and how fast those travel was never measured"));
  EXPECT_TRUE(fit.Predict(LoadAt("matmul", 64, 8, Level::kWorker), std::nullopt).ok());
  // Nothing is sent: what joins the hosts does not matter.
  RankLoad silent = LoadAt("matmul", 64, 1024, Level::kNetwork);
  silent.messages = silent.wire_bytes = 0;
  const auto alone = fit.Predict(silent, std::nullopt);
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_FALSE(alone->communicates);
  EXPECT_FALSE(alone->link_given);

  std::vector<Observation> few(one_worker.begin(), one_worker.begin() + 3);
  EXPECT_THAT(Why(PredictionFit(few), LoadAt("matmul", 64, 2, Level::kWorker)),
              HasSubstr("3 distinct cases of matmul and needs 4"));
  // A repetition is no distinct case.
  few.push_back(few[0]);
  EXPECT_THAT(Why(PredictionFit(few), LoadAt("matmul", 64, 2, Level::kWorker)),
              HasSubstr("3 distinct cases"));
}

TEST(PredictionFit, RefusesWhenLatencyCannotBeToldFromBandwidth) {
  std::vector<Observation> alike, two;
  for (Observation observation : Sweep("matmul", Level::kHost)) {
    if (observation.load.ranks == 2 && two.size() < 2) two.push_back(observation);
    observation.load.wire_bytes = 1000 * observation.load.messages;
    alike.push_back(observation);
  }
  for (Observation observation : Sweep("matmul", Level::kHost)) {
    if (observation.load.ranks == 1) two.push_back(observation);
  }
  EXPECT_THAT(Why(PredictionFit(alike), LoadAt("matmul", 64, 4, Level::kHost)),
              HasSubstr("too alike to tell latency from bandwidth"));
  EXPECT_THAT(Why(PredictionFit(two), LoadAt("matmul", 64, 4, Level::kHost)),
              HasSubstr("only 2 distinct fitted cases sent messages on several workers of one"));
}

TEST(PredictionFit, TakesAGivenNetworkInsteadAndSaysSo) {
  const PredictionFit fit(Sweep("matmul", Level::kWorker));
  const RankLoad asked = LoadAt("matmul", 512, 64, Level::kNetwork);
  const LinkCost given{.seconds_per_message = 1e-3, .seconds_per_byte = 1e-9};
  const auto prediction = fit.Predict(asked, given);
  ASSERT_TRUE(prediction.ok()) << prediction.status();
  EXPECT_TRUE(prediction->link_given);
  EXPECT_NEAR(prediction->terms.latency, 63e-3, 1e-12);
  EXPECT_NEAR(prediction->terms.transfer, asked.wire_bytes * 1e-9, 1e-12);
  // It does not stand for a kernel that was not measured.
  EXPECT_FALSE(fit.Predict(LoadAt("fnet", 64, 64, Level::kNetwork), given).ok());
}

TEST(PredictionFit, NotesWhatTheIntervalDoesNotHold) {
  std::vector<Observation> free_messages = Sweep("matmul", Level::kNetwork);
  for (Observation& observation : free_messages) {
    observation.seconds -= kAlpha * observation.load.messages;
  }
  const auto underrated = PredictionFit(free_messages)
                              .Predict(LoadAt("matmul", 64, 512, Level::kNetwork), std::nullopt);
  ASSERT_TRUE(underrated.ok()) << underrated.status();
  EXPECT_THAT(underrated->notes, ::testing::Contains(HasSubstr("saw no latency")));
  EXPECT_THAT(underrated->notes, ::testing::Contains(HasSubstr("128 times less work per rank")));
  const PredictionFit fit(Sweep("matmul", Level::kNetwork));
  EXPECT_THAT(fit.Predict(LoadAt("matmul", 512, 8, Level::kNetwork), std::nullopt)->notes,
              IsEmpty());
}

// Negative control: a machine that the model does not describe is not predicted with confidence.
TEST(PredictionFit, ShowsALargeErrorForAMachineOfAnotherLaw) {
  std::vector<Observation> congested = Sweep("matmul", Level::kNetwork);
  for (Observation& observation : congested) {
    observation.seconds *= std::pow(observation.load.ranks, 2);
  }
  const auto prediction =
      PredictionFit(congested).Predict(LoadAt("matmul", 512, 64, Level::kNetwork), std::nullopt);
  ASSERT_TRUE(prediction.ok()) << prediction.status();
  EXPECT_GT(prediction->leave_one_out.largest_error, 0.3);
  EXPECT_GT(prediction->high, 1.3 * prediction->low);
}

}  // namespace
}  // namespace basisbench
